using Holdfast.TestViews;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Holdfast.Tests.Components;

/// <summary>An app with Holdfast's pages and with Blazor's own, whichever was added first.</summary>
public class OtherHostTests
{
    public static TheoryData<bool, bool> Orders => new() { { true, false }, { false, false }, { true, true }, { false, true } };

    [Theory]
    [MemberData(nameof(Orders))]
    public async Task Pages_of_blazor_are_rendered_as_ever(bool isFirst, bool isInteractive)
    {
        await using var app = await StartAsync(isFirst, isInteractive);
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
        var html = await http.GetStringAsync("/blazor?word=w");
        html.ShouldContain($"<p>{http.BaseAddress}blazor?word=w|w|ada</p>");
        html.ShouldContain("<title>From Blazor</title>");
    }

    [Theory]
    [MemberData(nameof(Orders))]
    public async Task Pages_of_holdfast_live(bool isFirst, bool isInteractive)
    {
        await using var app = await StartAsync(isFirst, isInteractive);
        await using var client = new ProtocolClient(new ProtocolClientOptions { BaseAddress = new Uri(app.Urls.Single()) });
        await client.GetPageAsync("/places/5?word=w");
        client.Text("#query").ShouldBe("w|||5");
        await client.JoinAsync();
        client.Joined!.Html.ShouldBeNull();
        await client.ClickAsync("#go");
        (await client.ReceiveAsync<NavigateFrame>()).Url.ShouldEndWith("/places/7?word=next");

        await client.GetPageAsync("/head");
        await client.JoinAsync();
        await client.ClickAsync("#up");
        await client.UntilAsync(it => it.Page.Document.Title == "Fish & chips: 1");

        await client.GetPageAsync("/users");
        client.Text("#user").ShouldBe("ada");
        await client.JoinAsync();
        client.Joined!.Html.ShouldBeNull();
        client.Text("#cascaded").ShouldBe("ada");
    }

    [Theory]
    [MemberData(nameof(Orders))]
    public async Task A_service_of_the_app_leads_elsewhere_by_whatever_it_was_given(bool isFirst, bool isInteractive)
    {
        await using var app = await StartAsync(isFirst, isInteractive);
        await using var scope = app.Services.CreateAsyncScope();
        var led = new List<string>();
        var address = new Holdfast.Sessions.PageAddress(null, typeof(Holdfast.TestViews.Pages.Counter), "/counter", new Dictionary<string, object?>(), "http://a/b", "http://a/", "");
        scope.ServiceProvider.GetRequiredService<Holdfast.Http.PageScopeSetup>().Prepare(scope.ServiceProvider, address, new(), led.Add, () => { });
        scope.ServiceProvider.GetRequiredService<NavigationManager>().Uri.ShouldBe("http://a/b");
        try
        {
            scope.ServiceProvider.GetRequiredService<NavigationManager>().NavigateTo("c");
        }
        catch (NavigationException exception)
        {
            led.Add(exception.Location); // Blazor's own, without a browser.
        }

        led.ShouldBe(["http://a/c"]);
    }

    private static async Task<WebApplication> StartAsync(bool isFirst, bool isInteractive)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ApplicationName = typeof(TestApp).Assembly.GetName().Name, ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseUrls("http://127.0.0.1:0").UseStaticWebAssets();
        builder.Logging.ClearProviders();
        var services = builder.Services;
        if (isFirst)
        {
            AddBlazor();
        }

        services.AddHoldfast();
        if (!isFirst)
        {
            AddBlazor();
        }

        services.TryAddSingleton<Signals>();
        services.AddAuthorization();
        services.AddCascadingAuthenticationState();
        var app = builder.Build();
        app.Use((context, next) =>
        {
            context.User = new(new System.Security.Claims.ClaimsIdentity([new("name", "ada")], "test", "name", "role"));
            return next(context);
        });
        app.UseAntiforgery();
        app.MapHoldfast<App>();
        app.MapRazorComponents<BlazorApp>();
        await app.StartAsync();
        return app;

        void AddBlazor()
        {
            var components = services.AddRazorComponents();
            if (isInteractive)
            {
                components.AddInteractiveServerComponents();
            }
        }
    }

    /// <summary>The root of Blazor's pages.</summary>
    public sealed class BlazorApp : ComponentBase
    {
        protected override void BuildRenderTree(RenderTreeBuilder builder)
        {
            builder.OpenComponent<HeadOutlet>(0);
            builder.CloseComponent();
            builder.OpenComponent<BlazorPage>(1);
            builder.CloseComponent();
        }
    }

    /// <summary>One of them; Blazor looks among public types only.</summary>
    [Route("/blazor")]
    public sealed class BlazorPage : ComponentBase
    {
        [Inject]
        private NavigationManager Navigation { get; set; } = null!;

        [SupplyParameterFromQuery]
        public string? Word { get; set; }

        [CascadingParameter]
        public Task<Microsoft.AspNetCore.Components.Authorization.AuthenticationState>? User { get; set; }

        protected override void BuildRenderTree(RenderTreeBuilder builder)
        {
            builder.OpenComponent<PageTitle>(0);
            builder.AddComponentParameter(1, nameof(PageTitle.ChildContent), (RenderFragment)(title => title.AddContent(0, "From Blazor")));
            builder.CloseComponent();
            builder.OpenElement(2, "p");
            builder.AddContent(3, $"{Navigation.Uri}|{Word}|{User!.Result.User.Identity!.Name}");
            builder.CloseElement();
        }
    }
}

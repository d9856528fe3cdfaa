using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Holdfast.TestViews;
using Holdfast.TestViews.Guides;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Holdfast.Tests.Docs;

/// <summary>That the pages in the guides do what the guides say of them.</summary>
public class GuidePageTests
{
    [Fact]
    public async Task The_basket_and_the_half_typed_line_survive_the_server()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/basket");
        await client.InputAsync("input", "rope");
        await client.SubmitAsync("form");
        await client.InputAsync("input", "tar");
        await client.AckedAsync();

        await world.CrashAsync();
        await client.RejoinAsync();

        client.Text("li").ShouldStartWith("rope");
        client.Value("input").ShouldBe("tar");
    }

    [Fact]
    public async Task A_booking_keeps_its_draft_and_focuses_its_first_fault()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenAsync("/booking");
        await client.ChangeAsync("#boat", "Selkie");
        await client.ChangeAsync("#nights", "99");
        await client.SubmitAsync("form");
        await client.AckedAsync();
        client.Text("#nights-error").ShouldBe("Stay for 1 to 30 nights.");
        client.Attribute("#nights", "autofocus").ShouldBe("1");

        await world.CrashAsync();
        await client.RejoinAsync();
        client.Value("#boat").ShouldBe("Selkie");
        await client.ChangeAsync("#nights", "3");
        await client.SubmitAsync("form");
        await client.AckedAsync();
        client.Text("[role=status]").ShouldBe("A berth is kept for Selkie.");
        client.Value("#boat").ShouldBe("");
    }

    [Fact]
    public async Task A_booking_is_made_without_script()
    {
        await using var world = await World.StartAsync();
        var client = await world.OpenFormAsync("/booking");
        client.Fill("#nights", "99");
        await client.PressAsync("button:not([hidden])");
        client.Status.ShouldBe(HttpStatusCode.OK);
        client.Text("#boat-error").ShouldBe("Enter the boat's name.");
        client.Get("#boat").HasAttribute("autofocus").ShouldBeTrue();
        client.Fill("#boat", "Selkie");
        client.Fill("#nights", "3");
        await client.PressAsync("button:not([hidden])");
        client.Text("[role=status]").ShouldBe("A berth is kept for Selkie.");
    }

    [Fact]
    public async Task An_app_behind_a_proxy_is_ready_and_sees_what_the_browser_sees()
    {
        using var folder = new TemporaryFolder();
        await using var app = Deployed.BehindProxy(Builder(folder));
        await app.StartAsync(TestContext.Current.CancellationToken);
        using var http = new HttpClient(new HttpClientHandler { UseCookies = false }) { BaseAddress = new Uri(app.Urls.Single()) };
        http.DefaultRequestHeaders.Add("X-Forwarded-Proto", "https");
        http.DefaultRequestHeaders.Add("X-Forwarded-Host", "shop.example");

        (await http.GetStringAsync("/health", TestContext.Current.CancellationToken)).ShouldBe("Healthy");
        var page = await http.GetAsync("/basket", TestContext.Current.CancellationToken);
        page.Headers.GetValues("Set-Cookie").ShouldContain(cookie => cookie.StartsWith("__Host-", StringComparison.Ordinal) && cookie.Contains("secure", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task An_app_with_encrypted_sessions_starts_with_keys_under_a_certificate()
    {
        using var folder = new TemporaryFolder();
        using var key = RSA.Create(2048);
        using var certificate = new CertificateRequest("CN=keys", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue);
        await using var app = Deployed.Encrypted(Builder(folder), certificate);
        await app.StartAsync(TestContext.Current.CancellationToken);
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
        (await http.GetAsync("/basket", TestContext.Current.CancellationToken)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    private static WebApplicationBuilder Builder(TemporaryFolder folder)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            Args = ["--urls=http://127.0.0.1:0", $"--Holdfast:Sqlite:Path={folder.File("holdfast.db")}", "--hostBuilder:reloadConfigOnChange=false"],
            ApplicationName = typeof(TestApp).Assembly.GetName().Name,
            ContentRootPath = AppContext.BaseDirectory,
        });
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<Signals>(); // Pages of the test app use it.
        return builder;
    }
}

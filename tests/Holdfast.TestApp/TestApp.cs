using Holdfast.Sqlite;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Holdfast.TestViews;

/// <summary>The app that the tests use: as a process, and in theirs.</summary>
/// <remarks>
/// Arguments: <c>--store=sqlite</c>, <c>postgres</c>, <c>redis</c>, <c>s3</c> (where the state is; default: SQLite), each with its own options, such as
/// <c>--Holdfast:Sqlite:Path=…</c>; <c>--store=memory</c> (nowhere but in memory), <c>--store=keyless</c> (in SQLite's file, but no keys);
/// <c>--extra-button=true</c> (acts as a newer build of <c>/build</c>), <c>--policy=…</c> (a Content Security Policy), and all of Holdfast's options.
/// </remarks>
public static class TestApp
{
    /// <summary>Builds the app, for a free loopback port unless <c>ASPNETCORE_URLS</c> or <c>--urls</c> says otherwise.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="configureServices">Runs last, so that it can replace anything.</param>
    /// <param name="configurePages">Gets what <c>MapHoldfast</c> returned.</param>
    public static WebApplication Build(string[] args, Action<IServiceCollection>? configureServices = null, Action<IEndpointConventionBuilder>? configurePages = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            Args = ["--hostBuilder:reloadConfigOnChange=false", .. args], // Each watched file is one of the system's few watchers, and tests start hundreds of apps.
            ApplicationName = typeof(TestApp).Assembly.GetName().Name,
            ContentRootPath = AppContext.BaseDirectory,
        });
        if (string.IsNullOrEmpty(builder.Configuration["urls"]))
        {
            builder.WebHost.UseUrls("http://127.0.0.1:0");
        }

        builder.WebHost.UseStaticWebAssets(); // In Development it goes by itself.
        UseStore(builder.Services.AddHoldfast(), builder.Configuration);
        builder.Services.AddHealthChecks().AddHoldfast();
        builder.Services.TryAddSingleton<Signals>();
        builder.Services.AddAuthentication(TestUsers.Scheme).AddScheme<AuthenticationSchemeOptions, TestUsers>(TestUsers.Scheme, null);
        builder.Services.AddAuthorization();
        configureServices?.Invoke(builder.Services);

        var app = builder.Build();
        if (app.Configuration["policy"] is { Length: > 0 } policy)
        {
            app.Use((context, next) =>
            {
                context.Response.Headers.ContentSecurityPolicy = policy;
                return next(context);
            });
        }

        app.MapGet("/sign-in/{user}", (HttpContext context, string user) =>
            context.SignInAsync(new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, user)], TestUsers.Scheme))));
        app.MapGet("/sign-out", (HttpContext context) => context.SignOutAsync());
        app.MapGet("/lapse", (HttpContext context) => context.Response.Cookies.Delete(TestUsers.Cookie)); // As an authentication cookie ends by its time.
        app.MapGet("/forget", (HttpContext context, ILiveSessions sessions) => sessions.DeleteAsync(context));
        app.MapGet("/signals/{name}", (Signals signals, string name) => signals.Set(name));
        if (app.Configuration["own-post"] == "true")
        {
            app.MapPost("/own-post", () => "the app's own");
        }

        if (app.Configuration["catch-all"] == "true")
        {
            app.Map("/{**rest}", () => "everything else");
        }

        app.MapHealthChecks("/health", new HealthCheckOptions { Predicate = check => check.Tags.Contains("ready") });
        app.MapHealthChecks("/health/all", new HealthCheckOptions { ResponseWriter = (context, report) => context.Response.WriteAsync(Describe(report)) });
        var pages = app.MapHoldfast<App>();
        app.MapStaticAssets();
        configurePages?.Invoke(pages);
        return app;
    }

    private static HoldfastBuilder UseStore(HoldfastBuilder holdfast, IConfiguration configuration) => configuration["store"] switch
    {
        "memory" => holdfast,
        "keyless" => holdfast.UseStore(_ => new SqliteSessionStore(new SqliteStoreOptions { Path = configuration["Holdfast:Sqlite:Path"]! })),
        "postgres" => holdfast.UsePostgres(),
        "redis" => holdfast.UseRedis(),
        "s3" => holdfast.UseS3(),
        "sqlite" or null => holdfast.UseSqlite(),
        var unknown => throw new ArgumentException($"'--store={unknown}' names no store. The app has sqlite, postgres, redis, s3, memory and keyless. Name one of them, or none for SQLite."),
    };

    /// <summary>All that the checks say, as an app might show it to anybody.</summary>
    private static string Describe(HealthReport report) => string.Join('\n', report.Entries.Select(
        check => $"{check.Key} {check.Value.Status}: {check.Value.Description} {string.Join(' ', check.Value.Data)} {check.Value.Exception}"));
}

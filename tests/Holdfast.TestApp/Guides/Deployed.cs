using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.HttpOverrides;

namespace Holdfast.TestViews.Guides;

/// <summary>The set-ups of the guides about deploying and about what is stored.</summary>
public static class Deployed
{
    /// <summary>An app behind a proxy on the same machine.</summary>
    public static WebApplication BehindProxy(WebApplicationBuilder builder)
    {
        builder.Services.AddHoldfast().UseSqlite();
        builder.Services.AddHealthChecks().AddHoldfast();
        builder.Services.Configure<ForwardedHeadersOptions>(options =>
        {
            options.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost;
            options.KnownProxies.Add(IPAddress.Loopback);
        });

        var app = builder.Build();
        app.UseForwardedHeaders();
        app.MapHealthChecks("/health", new HealthCheckOptions { Predicate = check => check.Tags.Contains("ready") });
        app.MapHoldfast<App>();
        return app;
    }

    /// <summary>An app whose sessions are encrypted, with the keys beside them, under a certificate.</summary>
    public static WebApplication Encrypted(WebApplicationBuilder builder, X509Certificate2 certificate)
    {
        builder.Services.AddHoldfast().UseSqlite().EncryptAtRest();
        builder.Services.AddDataProtection().ProtectKeysWithCertificate(certificate);

        var app = builder.Build();
        app.MapHoldfast<App>();
        return app;
    }
}

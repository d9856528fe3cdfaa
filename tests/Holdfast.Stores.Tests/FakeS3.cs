using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Holdfast.Stores.Tests;

/// <summary>As much of S3 as the store speaks, in memory, with the habits of servers that a test cannot install. Takes any signature.</summary>
public sealed class FakeS3 : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, byte[]> _objects = new();
    private readonly Lock _gate = new();

    private FakeS3(WebApplication app) => _app = app;

    public string Endpoint => _app.Urls.Single();

    public bool IgnoresIfNoneMatch { get; init; }

    public bool IgnoresIfMatch { get; init; }

    /// <summary>The status of an answer to a PUT with a condition; 0: a real one.</summary>
    public int AnswersConditionsWith { get; init; }

    /// <summary>Called before a DELETE is done.</summary>
    public Func<Task>? BeforeDelete { get; set; }

    public IReadOnlyCollection<string> Names => [.. _objects.Keys];

    public static async Task<FakeS3> StartAsync(Func<WebApplication, FakeS3>? make = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var fake = make?.Invoke(app) ?? new FakeS3(app);
        app.Run(fake.AnswerAsync);
        await app.StartAsync();
        return fake;
    }

    public static FakeS3 IgnoringIfNoneMatch(WebApplication app) => new(app) { IgnoresIfNoneMatch = true };

    public static FakeS3 IgnoringIfMatch(WebApplication app) => new(app) { IgnoresIfMatch = true };

    public static FakeS3 NotImplementing(WebApplication app) => new(app) { AnswersConditionsWith = 501 };

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        var name = http.Request.Path.Value!.Split('/', 3)[^1];
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        if (http.Request.Query.ContainsKey("list-type"))
        {
            await http.Response.WriteAsync(List(http.Request.Query["prefix"]!));
            return;
        }

        if (http.Request.Method == "DELETE" && BeforeDelete is { } beforeDelete && !name.Contains("probes/"))
        {
            await beforeDelete();
        }

        var (status, bytes) = Decide(http.Request, name, body.ToArray());
        http.Response.StatusCode = status;
        if (bytes is not null)
        {
            http.Response.Headers.ETag = ETag(bytes);
        }

        if (status is 200 or 206 && http.Request.Method == "GET")
        {
            await http.Response.Body.WriteAsync(bytes);
        }
        else if (status >= 400)
        {
            var code = status switch { 404 => "NoSuchKey", 412 => "PreconditionFailed", _ => "NotImplemented" };
            await http.Response.WriteAsync($"<Error><Code>{code}</Code><Message>{code}</Message></Error>");
        }
    }

    private (int Status, byte[]? Bytes) Decide(HttpRequest request, string name, byte[] body)
    {
        lock (_gate)
        {
            var stored = _objects.GetValueOrDefault(name);
            var isChange = request.Method is "PUT" or "DELETE";
            var (match, noneMatch) = (request.Headers.IfMatch.ToString(), request.Headers.IfNoneMatch.ToString());
            if (AnswersConditionsWith != 0 && isChange && (match + noneMatch).Length > 0)
            {
                return (AnswersConditionsWith, null);
            }

            if (match.Length > 0 && !IgnoresIfMatch && (stored is null || ETag(stored) != match))
            {
                return (stored is null ? 404 : 412, null);
            }

            if (noneMatch.Length > 0 && stored is not null && ((isChange && !IgnoresIfNoneMatch) || ETag(stored) == noneMatch))
            {
                return (isChange ? 412 : 304, stored);
            }

            switch (request.Method)
            {
                case "PUT":
                    _objects[name] = body;
                    return (200, body);
                case "DELETE":
                    _objects.TryRemove(name, out _);
                    return (204, null);
                default:
                    return stored is null ? (404, null) : (200, stored);
            }
        }
    }

    private string List(string prefix) =>
        "<ListBucketResult><IsTruncated>false</IsTruncated>"
        + string.Concat(_objects.Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal)).Select(pair => $"<Contents><Key>{pair.Key}</Key><ETag>{ETag(pair.Value)}</ETag></Contents>"))
        + "</ListBucketResult>";

    private static string ETag(byte[] bytes) => $"\"{Convert.ToHexStringLower(MD5.HashData(bytes))}\"";
}

using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Holdfast.Http;

/// <summary>Serves the client script out of the assembly, so that it is there in every environment and always the one that fits. Thread-safe.</summary>
internal sealed class ScriptEndpoint
{
    private readonly byte[] _script;
    private readonly byte[] _compressed;

    public ScriptEndpoint()
    {
        using var resource = typeof(ScriptEndpoint).Assembly.GetManifestResourceStream("holdfast.js")
            ?? throw new InvalidOperationException("The client script is not in the assembly of Holdfast. The build embeds wwwroot/holdfast.js. Build the client first.");
        using var script = new MemoryStream();
        resource.CopyTo(script);
        _script = script.ToArray();
        Version = Convert.ToHexStringLower(SHA256.HashData(_script).AsSpan(0, 6));
        using var compressed = new MemoryStream();
        using (var brotli = new BrotliStream(compressed, CompressionLevel.SmallestSize))
        {
            brotli.Write(_script);
        }

        _compressed = compressed.ToArray();
    }

    /// <summary>Changes with the script, so that it can be cached for good.</summary>
    public string Version { get; }

    public async Task GetAsync(HttpContext context)
    {
        var response = context.Response;
        response.ContentType = "text/javascript; charset=utf-8";
        response.Headers.CacheControl = context.Request.Query["v"] == Version ? "public, max-age=31536000, immutable" : "no-cache";
        response.Headers.Vary = HeaderNames.AcceptEncoding;
        response.Headers.XContentTypeOptions = "nosniff";
        var isCompressed = context.Request.Headers.AcceptEncoding.ToString().Contains("br", StringComparison.Ordinal);
        var body = isCompressed ? _compressed : _script;
        if (isCompressed)
        {
            response.Headers.ContentEncoding = "br";
        }

        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(body, context.RequestAborted);
        }
    }
}

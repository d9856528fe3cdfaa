using System.Net;
using System.Text.RegularExpressions;
using Holdfast.Testing.Clients;

namespace Holdfast.Benchmarks.Load;

/// <summary>What the client knows of a page after it has read it once: which buttons it has, and the digest that each of its documents has.</summary>
internal sealed partial class LoadPage
{
    private LoadPage(string path, string digest, string[] addresses) => (Path, Digest, Addresses) = (path, digest, addresses);

    public string Path { get; }

    public string Digest { get; }

    /// <summary>The addresses of its click handlers.</summary>
    public string[] Addresses { get; }

    public static async Task<LoadPage> ReadAsync(HttpClient http, string path)
    {
        var html = await http.GetStringAsync(path);
        var addresses = ClickHandler().Matches(html).Select(match => match.Groups[1].Value).ToArray();
        return new LoadPage(path, LiveDocument.Parse(html).Digest, addresses);
    }

    /// <summary>Loads the page as a new visitor: the session's cookie and the ticket.</summary>
    public async Task<(string? Cookie, string Ticket)> VisitAsync(HttpClient http)
    {
        using var response = await http.GetAsync(Path);
        var html = await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync();
        var cookie = response.Headers.TryGetValues("Set-Cookie", out var set) ? set.First().Split(';')[0] : null;
        return (cookie, WebUtility.HtmlDecode(Ticket().Match(html).Groups[1].Value));
    }

    [GeneratedRegex("data-hf=\"click:([^\" .]+)")]
    private static partial Regex ClickHandler();

    [GeneratedRegex("data-ticket=\"([^\"]+)\"")]
    private static partial Regex Ticket();
}

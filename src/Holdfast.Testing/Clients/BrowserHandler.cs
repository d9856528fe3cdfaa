using System.Net;

namespace Holdfast.Testing.Clients;

/// <summary>What a browser does around its requests: keeps cookies and follows redirects. Owns nothing.</summary>
internal sealed class BrowserHandler(HttpMessageHandler inner, CookieContainer cookies) : DelegatingHandler(inner)
{
    /// <summary>As many as the Fetch standard allows.</summary>
    private const int MaxRedirects = 20;

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        for (var i = 0; i < MaxRedirects; i++)
        {
            var response = await SendWithCookiesAsync(request, cancellationToken);
            if (response.Headers.Location is not { } location || (int)response.StatusCode / 100 != 3)
            {
                return response;
            }

            request = Follow(request, response.StatusCode, new Uri(request.RequestUri!, location));
            response.Dispose();
        }

        throw new HttpRequestException(
            $"'{request.RequestUri}' is the end of {MaxRedirects} redirects in a row. The server redirects in a circle. "
            + "Look at the addresses it redirects to.");
    }

    private async Task<HttpResponseMessage> SendWithCookiesAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var address = request.RequestUri!;
        if (cookies.GetCookieHeader(address) is { Length: > 0 } header)
        {
            request.Headers.Remove("Cookie");
            request.Headers.Add("Cookie", header);
        }

        var response = await base.SendAsync(request, cancellationToken);
        response.RequestMessage = request;
        if (response.Headers.TryGetValues("Set-Cookie", out var set))
        {
            foreach (var cookie in set)
            {
                cookies.SetCookies(address, cookie);
            }
        }

        return response;
    }

    private static HttpRequestMessage Follow(HttpRequestMessage request, HttpStatusCode status, Uri location)
    {
        var keepsMethod = status is HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;
        var next = new HttpRequestMessage(keepsMethod ? request.Method : HttpMethod.Get, location)
        {
            Content = keepsMethod ? request.Content : null,
        };
        foreach (var (name, values) in request.Headers.Where(pair => pair.Key != "Cookie"))
        {
            next.Headers.TryAddWithoutValidation(name, values);
        }

        return next;
    }
}

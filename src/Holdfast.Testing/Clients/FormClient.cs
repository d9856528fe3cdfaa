using System.Net;
using AngleSharp;
using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;

namespace Holdfast.Testing.Clients;

/// <summary>A browser without script: loads pages, fills controls, presses buttons, posts forms, keeps cookies, follows redirects.</summary>
/// <remarks>A second implementation of what browsers do, from the standard. Source: HTML, "Form submission". Not for use by two threads at a time.</remarks>
public sealed class FormClient : IDisposable
{
    private static readonly HtmlParser Parser = new();

    /// <summary>A client that has loaded nothing yet.</summary>
    public FormClient(ProtocolClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Cookies = options.Cookies;
        Http = new HttpClient(new BrowserHandler(options.Handler ?? new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }, options.Cookies))
        {
            BaseAddress = options.BaseAddress,
            Timeout = options.Deadline,
        };
    }

    /// <summary>Sends requests as the browser does.</summary>
    public HttpClient Http { get; }

    /// <summary>The browser's cookies; clients that share them are tabs of one browser.</summary>
    public CookieContainer Cookies { get; }

    /// <summary>The page.</summary>
    /// <exception cref="InvalidOperationException">None is loaded.</exception>
    public IHtmlDocument Document { get => field ?? throw new InvalidOperationException("No page is loaded. A form is on one. Call 'OpenAsync' first."); private set; }

    /// <summary>The page's address.</summary>
    public Uri Address { get; private set; } = new("http://localhost");

    /// <summary>The status of the last answer, after redirects.</summary>
    public HttpStatusCode Status { get; private set; }

    /// <summary>The last answer's content.</summary>
    public string Content { get; private set; } = "";

    /// <summary>The origin that posts name; default: the page's own.</summary>
    public string? Origin { get; set; }

    /// <summary>Loads a page.</summary>
    public Task OpenAsync(string url) => SendAsync(new HttpRequestMessage(HttpMethod.Get, new Uri(url, UriKind.RelativeOrAbsolute)));

    /// <summary>The text of the first element that matches.</summary>
    public string Text(string selector) => Get(selector).TextContent.Trim();

    /// <summary>The first element that matches.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public IElement Get(string selector) => Document.QuerySelector(selector)
        ?? throw new InvalidOperationException($"No element matches '{selector}'. The page is: {Content}");

    /// <summary>Types into a text control, or chooses the option with this value.</summary>
    public void Fill(string selector, string value)
    {
        switch (Get(selector))
        {
            case IHtmlTextAreaElement area:
                area.Value = value;
                break;
            case IHtmlSelectElement list:
                Choose(list, value);
                break;
            case IHtmlInputElement input:
                input.Value = value;
                break;
            case var other:
                throw new InvalidOperationException($"'{selector}' is a {other.LocalName}, which takes no text. Name an input, textarea or select.");
        }
    }

    /// <summary>Chooses exactly these options of a list.</summary>
    public void Choose(string selector, params string[] values) => Choose((IHtmlSelectElement)Get(selector), values);

    /// <summary>Checks, or unchecks, a check box or radio button.</summary>
    public void Check(string selector, bool isChecked = true)
    {
        var box = (IHtmlInputElement)Get(selector);
        foreach (var other in Document.QuerySelectorAll<IHtmlInputElement>("input[type=radio]").Where(other => box.Type == "radio" && isChecked && other.Name == box.Name && Forms.OwnerOf(other) == Forms.OwnerOf(box)))
        {
            other.IsChecked = false;
        }

        box.IsChecked = isChecked;
    }

    /// <summary>Presses a button.</summary>
    public Task PressAsync(string selector)
    {
        var button = Get(selector);
        return Forms.IsSubmit(button) && Forms.OwnerOf(button) is { } form
            ? PostAsync(FieldsOf(form, button))
            : throw new InvalidOperationException($"Pressing '{selector}' does nothing without script: {button.ToHtml()}. It is no submit button of a form.");
    }

    /// <summary>Presses the Enter key in a control: its form's first submit button is pressed.</summary>
    public Task EnterAsync(string selector)
    {
        var form = Forms.OwnerOf(Get(selector)) ?? throw new InvalidOperationException($"'{selector}' is in no form, so that Enter does nothing there.");
        var button = Document.QuerySelectorAll("button, input").FirstOrDefault(button => Forms.IsSubmit(button) && Forms.OwnerOf(button) == form);
        return PostAsync(FieldsOf(form, button));
    }

    /// <summary>What a button would post.</summary>
    public List<KeyValuePair<string, string>> FieldsOf(string button) => FieldsOf(Forms.OwnerOf(Get(button))!, Get(button));

    /// <summary>Posts fields to the page.</summary>
    public Task PostAsync(IEnumerable<KeyValuePair<string, string>> fields) =>
        SendAsync(new HttpRequestMessage(HttpMethod.Post, Address) { Content = new FormUrlEncodedContent(fields) });

    /// <inheritdoc/>
    public void Dispose() => Http.Dispose();

    private static List<KeyValuePair<string, string>> FieldsOf(IElement form, IElement? submitter) =>
        Forms.FieldsOf(form, submitter, control => ((IHtmlInputElement)control).IsChecked, ValuesOf);

    private static IEnumerable<string> ValuesOf(IElement control) => control switch
    {
        IHtmlInputElement input => [input.Value],
        IHtmlTextAreaElement area => [area.Value.ReplaceLineEndings("\r\n")],
        IHtmlSelectElement { IsMultiple: false } list => (list.Options.LastOrDefault(option => option.IsSelected) ?? list.Options.FirstOrDefault(option => !option.IsDisabled)) is { } chosen ? [chosen.Value] : [],
        IHtmlSelectElement list => list.Options.Where(option => option.IsSelected).Select(option => option.Value),
        _ => [],
    };

    private static void Choose(IHtmlSelectElement list, params string[] values)
    {
        foreach (var option in list.Options)
        {
            option.IsSelected = values.Contains(option.Value);
        }
    }

    private async Task SendAsync(HttpRequestMessage request)
    {
        request.Headers.Add("Accept", "text/html");
        if (request.Method == HttpMethod.Post)
        {
            request.Headers.Add("Origin", Origin ?? Address.GetLeftPart(UriPartial.Authority));
        }

        using var response = await Http.SendAsync(request);
        Status = response.StatusCode;
        Address = response.RequestMessage!.RequestUri!;
        Content = await response.Content.ReadAsStringAsync();
        Document = Parser.ParseDocument(Content);
    }
}

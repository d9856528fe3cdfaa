using System.Security.Claims;
using System.Text;
using System.Text.RegularExpressions;
using Holdfast.Protocol;
using Holdfast.Sessions;
using Holdfast.Stores;

namespace Holdfast.Benchmarks.Micro;

/// <summary>A mounted page whose connection only counts frames.</summary>
internal sealed partial class MicroPage : IPageClient
{
    private MountedPage _page = null!;
    private string[] _addresses = [];
    private long _ref;

    public bool IsFull => false;

    public long Sequence => _page.Sequence;

    private long Patches { get; set; }

    public static async Task<MicroPage> MountAsync(Type type, ISessionStore? store = null)
    {
        var client = new MicroPage();
        var services = MicroServices.Build(store).Services;
        var address = new PageAddress(new RecordClaim("anon:visitor", RecordOwner.Visitor), type, "/page", new Dictionary<string, object?>(), "http://localhost/page", "http://localhost/", "");
        client._page = await services.GetRequiredService<PageMounter>().MountAsync(
            address, new PageIdentity("instance", "tab", "document"), new ClaimsPrincipal(), new MountTerms(MountReason.Join) { IsFresh = true }, CancellationToken.None);
        await client._page.ConnectAsync(client, digest: null, 0, isRecovered: false);
        client._page.ReceiveFields([], isRecovered: false);
        return client;
    }

    /// <summary>An event, up to its patch.</summary>
    public long Click()
    {
        var before = Patches;
        var address = _addresses[_ref % _addresses.Length];
        _page.Receive(this, new EventFrame(++_ref, _page.Sequence, address, null));
        return Patches > before ? Patches : throw new InvalidOperationException("The event was not answered by a patch at once. Something in its path waits or refuses, so this does not measure it.");
    }

    public void Send(ServerFrame frame)
    {
        Patches += frame.Memory.Span.StartsWith("[\"patch\""u8) ? 1 : 0;
        frame.Return();
    }

    public void SendJoined(ServerFrame frame)
    {
        _addresses = [.. ClickHandler().Matches(Encoding.UTF8.GetString(frame.Memory.Span)).Select(match => match.Groups[1].Value)];
        frame.Return();
    }

    public void Remount(MountedPage page, MountReason reason) => throw new InvalidOperationException("The page failed.");

    public void Ended(MountedPage page)
    {
    }

    public void TakenOver()
    {
    }

    [GeneratedRegex("""data-hf=\\"click:([^" .\\]+)""")]
    private static partial Regex ClickHandler();
}

using System.Text;
using System.Xml;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace Holdfast.S3;

/// <summary>Keeps the Data Protection keys beside the sessions, one object a key: whoever has the sessions can read the cookies that lead to them, also after a
/// deploy onto another machine.</summary>
/// <remarks>Used where the application configured no key repository. The keys stand there as Data Protection hands them over: in clear, unless the application
/// configures <c>ProtectKeysWith…</c>. The interface is synchronous and S3 is not: a call blocks its thread until the answer is there. Calls are few (at start-up, then
/// about once a day). A key is durable when <see cref="StoreElement"/> returns.</remarks>
internal sealed class S3KeyRing(BucketClient bucket) : IXmlRepository
{
    private const string Folder = "keys/";

    /// <inheritdoc/>
    public IReadOnlyCollection<XElement> GetAllElements() => Block(ReadAllAsync);

    /// <inheritdoc/>
    public void StoreElement(XElement element, string friendlyName) => Block(async () =>
    {
        // The name is for people; the number keeps one key from overwriting another.
        var name = $"{bucket.Prefix}{Folder}{Legible(friendlyName)}.{Guid.NewGuid():N}.xml";
        using var call = bucket.StartCall(CancellationToken.None);
        return await bucket.PutAsync(name, Encoding.UTF8.GetBytes(element.ToString(SaveOptions.DisableFormatting)), ifMatch: null, ifNoneMatch: null, call.Token)
            .ConfigureAwait(false);
    });

    private async Task<IReadOnlyCollection<XElement>> ReadAllAsync()
    {
        var elements = new List<XElement>();
        await foreach (var page in bucket.ListAsync(Folder, CancellationToken.None).ConfigureAwait(false))
        {
            foreach (var listed in page)
            {
                if (await ReadAsync(listed.Name).ConfigureAwait(false) is { } element)
                {
                    elements.Add(element);
                }
            }
        }

        return elements;
    }

    private async Task<XElement?> ReadAsync(string name)
    {
        using var call = bucket.StartCall(CancellationToken.None);
        try
        {
            var fetched = await bucket.GetAsync(name, knownETag: null, firstBytes: 0, call.Token).ConfigureAwait(false);
            if (fetched.Status == FetchedStatus.Missing)
            {
                return null;
            }

            using var xml = new MemoryStream(fetched.Bytes);
            return XElement.Load(xml);
        }
        catch (Exception exception) when (exception is XmlException or InvalidDataException)
        {
            throw S3Errors.DamagedKey(bucket, name, exception);
        }
    }

    /// <summary>On a thread of the pool, so that a synchronization context of the caller's is not waited for.</summary>
    private TResult Block<TResult>(Func<Task<TResult>> work)
    {
        try
        {
            return Task.Run(work).GetAwaiter().GetResult();
        }
        catch (Exception exception) when (S3Errors.IsServers(exception))
        {
            throw S3Errors.CannotUseKeyRing(bucket, exception);
        }
    }

    private static string Legible(string? name) => string.Concat((name ?? "key").Where(letter => char.IsAsciiLetterOrDigit(letter) || letter == '-').Take(100));
}

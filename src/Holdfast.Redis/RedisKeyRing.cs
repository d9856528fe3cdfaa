using System.Xml.Linq;
using Holdfast.Stores;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace Holdfast.Redis;

/// <summary>Keeps the Data Protection keys beside the sessions: every node that has the sessions can read the cookies that lead to them.</summary>
/// <remarks>Used where the application configured no key repository. The keys stand in Redis as Data Protection hands them over: in clear, unless
/// the application configures <c>ProtectKeysWith…</c>. Calls are few (at start-up, then about once a day), and Data Protection knows only
/// ones that wait. A key is as durable as a session when <see cref="StoreElement"/> returns.</remarks>
internal sealed class RedisKeyRing(RedisConnection connection, string prefix) : IXmlRepository
{
    private readonly string _key = prefix + "keys";

    /// <inheritdoc/>
    public IReadOnlyCollection<XElement> GetAllElements() =>
        [.. Use(() => connection.GetListAsync(_key, CancellationToken.None)).Select(xml => XElement.Parse(xml))];

    /// <inheritdoc/>
    public void StoreElement(XElement element, string friendlyName) => Use(async () =>
    {
        await connection.AppendAsync(_key, element.ToString(SaveOptions.DisableFormatting), CancellationToken.None).ConfigureAwait(false);
        return true;
    });

    private TResult Use<TResult>(Func<Task<TResult>> use)
    {
        try
        {
            return Task.Run(use).GetAwaiter().GetResult();
        }
        catch (RedisFailure failure) when (failure.Code == "WRONGTYPE")
        {
            throw RedisErrors.Foreign(connection.Server, _key);
        }
        catch (RedisFailure failure)
        {
            throw RedisErrors.CannotUseKeyRing(connection.Server, failure);
        }
    }
}

using Microsoft.AspNetCore.DataProtection.Repositories;

namespace Holdfast.Security;

/// <summary>Where the session store keeps the Data Protection keys, if the app keeps them nowhere else.</summary>
internal sealed record StoreKeyRing(IXmlRepository Repository);

using System.Reflection;

namespace Holdfast.Tests.Support;

/// <summary>An assembly with these types.</summary>
internal sealed class Types(params Type[] types) : Assembly
{
    public override Type[] GetTypes() => types;
}

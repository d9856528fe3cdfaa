using System.Linq.Expressions;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Holdfast.State;

/// <summary>One persisted member of a view type: how to read, write and store it. Immutable, shared by all instances.</summary>
internal abstract class PersistedMember(string name, Scope scope)
{
    /// <summary>The name it is stored under.</summary>
    public string Name { get; } = name;

    public Scope Scope { get; } = scope;

    /// <summary>Writes the member's current value as JSON.</summary>
    public abstract void Write(LiveView view, Utf8JsonWriter writer, JsonSerializerOptions options);

    /// <summary>Decodes a value without touching any view; the result sets it.</summary>
    /// <exception cref="JsonException">The bytes are not a value of the member's type.</exception>
    public abstract Action<LiveView> Decode(ReadOnlySpan<byte> json, JsonSerializerOptions options);

    public static PersistedMember Create(MemberInfo member, string name, Scope scope)
    {
        var type = member is PropertyInfo property ? property.PropertyType : ((FieldInfo)member).FieldType;
        return (PersistedMember)Activator.CreateInstance(typeof(PersistedMember<>).MakeGenericType(type), member, name, scope)!;
    }
}

/// <inheritdoc/>
internal sealed class PersistedMember<T>(MemberInfo member, string name, Scope scope) : PersistedMember(name, scope)
{
    private readonly Func<LiveView, T> _get = CompileGet(member);
    private readonly Action<LiveView, T> _set = CompileSet(member);
    private (JsonSerializerOptions Options, JsonTypeInfo<T> Info)? _json;

    public override void Write(LiveView view, Utf8JsonWriter writer, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, _get(view), Json(options));

    public override Action<LiveView> Decode(ReadOnlySpan<byte> json, JsonSerializerOptions options)
    {
        var value = JsonSerializer.Deserialize(json, Json(options))!;
        return view => _set(view, value);
    }

    private JsonTypeInfo<T> Json(JsonSerializerOptions options)
    {
        if (_json is { } known && ReferenceEquals(known.Options, options))
        {
            return known.Info;
        }

        var info = (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T));
        _json = (options, info);
        return info;
    }

    private static Func<LiveView, T> CompileGet(MemberInfo member)
    {
        var view = Expression.Parameter(typeof(LiveView));
        return Expression.Lambda<Func<LiveView, T>>(Access(view, member), view).Compile();
    }

    private static Action<LiveView, T> CompileSet(MemberInfo member)
    {
        var view = Expression.Parameter(typeof(LiveView));
        var value = Expression.Parameter(typeof(T));
        return Expression.Lambda<Action<LiveView, T>>(Expression.Assign(Access(view, member), value), view, value).Compile();
    }

    private static MemberExpression Access(Expression view, MemberInfo member) =>
        Expression.MakeMemberAccess(Expression.Convert(view, member.DeclaringType!), member);
}

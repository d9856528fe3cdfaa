using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using Holdfast.State;

namespace Holdfast;

/// <summary>Stored members by name, as JSON, while they are migrated: see <see cref="StateMigration"/>. What is not read is not decoded.</summary>
public sealed class StateMembers
{
    private readonly SortedDictionary<string, byte[]> _members = new(StringComparer.Ordinal);

    internal StateMembers(IEnumerable<KeyValuePair<string, byte[]>> members)
    {
        foreach (var (name, json) in members)
        {
            _members.Add(name, json);
        }
    }

    /// <summary>Which members there are, in ordinal order.</summary>
    public IReadOnlyCollection<string> Names => [.. _members.Keys];

    internal IEnumerable<KeyValuePair<string, byte[]>> Json => _members;

    /// <summary>Reads a member's value; <c>JsonNode</c> takes any.</summary>
    /// <returns>Whether it is stored.</returns>
    /// <exception cref="JsonException">It is stored, and not of this type.</exception>
    public bool TryGet<T>(string name, [MaybeNullWhen(false)] out T value)
    {
        if (!_members.TryGetValue(name, out var json))
        {
            value = default;
            return false;
        }

        value = JsonSerializer.Deserialize<T>(json, StateJson.Options)!;
        return true;
    }

    /// <summary>Sets a member's value.</summary>
    public void Set<T>(string name, T value)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        _members[name] = JsonSerializer.SerializeToUtf8Bytes(value, StateJson.Options);
    }

    /// <summary>Removes a member; it will have its initialiser.</summary>
    /// <returns>Whether it was stored.</returns>
    public bool Remove(string name) => _members.Remove(name);

    /// <summary>Gives a member another name. One that is already stored under that name is replaced.</summary>
    /// <returns>Whether it was stored.</returns>
    public bool Rename(string name, string newName)
    {
        ArgumentException.ThrowIfNullOrEmpty(newName);
        if (!_members.Remove(name, out var json))
        {
            return false;
        }

        _members[newName] = json;
        return true;
    }

    /// <summary>The members as a JSON object.</summary>
    public override string ToString() =>
        "{" + string.Join(",", _members.Select(member => $"{JsonSerializer.Serialize(member.Key, StateJson.Options)}:{Encoding.UTF8.GetString(member.Value)}")) + "}";

    internal static StateMembers Parse(string json)
    {
        var members = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(json) ?? [];
        return new StateMembers(members.Select(member => KeyValuePair.Create(member.Key, Encoding.UTF8.GetBytes(member.Value.GetRawText()))));
    }
}

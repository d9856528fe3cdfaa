using System.Text;
using Holdfast.S3;
using Xunit;

namespace Holdfast.Stores.Tests;

/// <summary>The form in which the S3 store keeps a session.</summary>
public sealed class StoredObjectTests
{
    /// <summary>A session as version 1 of the form was released: revision 2⁴⁰, three entries, two writes. Never changed; a new form gets one of its own.</summary>
    private const string Version1 =
        "48465301E8000000000000000001000000204AA9D101000009000000000000000700000000000000000000000000000000000000000000000000000000000000"
        + "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
        + "00000000000000000000000000000000000000000000000003000000804FD8707305000000070000002F636172747B2276223A307D6D05000700070000002F63"
        + "6172744772C3B6C39F655B312C322C335D7405000500000000002F636172747461622D319F48AC7B";

    private static readonly EntryChange[] s_entries =
    [
        new(new("/cart", EntryKind.Slice, ""), Encoding.UTF8.GetBytes("""{"v":0}""")),
        new(new("/cart", EntryKind.Member, "Größe"), Encoding.UTF8.GetBytes("[1,2,3]")),
        new(new("/cart", EntryKind.Tab, "tab-1"), []),
    ];

    [Fact]
    public void Version_1_is_read_for_ever()
    {
        var parsed = StoredObject.Parse(Convert.FromHexString(Version1));

        Assert.Equal(new ObjectHeader(1L << 40, 2_000_000_000_000), parsed.Header);
        Assert.True(parsed.HasWrite(7));
        Assert.True(parsed.HasWrite(9));
        AssertEntries(s_entries, parsed);
    }

    [Fact]
    public void What_is_built_is_what_was_frozen() => Assert.Equal(Version1, Convert.ToHexString(Example().Bytes));

    [Fact]
    public void The_header_alone_tells_revision_and_expiry()
    {
        var example = Example();

        Assert.Equal(example.Header, StoredObject.ParseHeader(example.Bytes.AsSpan(0, StoredObject.HeaderBytes)));
    }

    [Fact]
    public void Any_damaged_bit_is_noticed()
    {
        var bytes = Example().Bytes;
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            var damaged = bytes.ToArray();
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<InvalidDataException>(() => StoredObject.Parse(damaged));
        }
    }

    [Fact]
    public void Any_cut_and_any_addition_is_noticed()
    {
        var bytes = Example().Bytes;
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Throws<InvalidDataException>(() => StoredObject.Parse(bytes[..length]));
        }

        Assert.Throws<InvalidDataException>(() => StoredObject.Parse([.. bytes, 0]));
    }

    [Fact]
    public void Sixteen_writes_back_are_remembered_and_no_more()
    {
        StoredObject? stored = null;
        for (var id = 1; id <= 20; id++)
        {
            stored = StoredObject.Build(stored, id, new(id, 0), []);
        }

        Assert.Equal(Enumerable.Range(5, 16), Enumerable.Range(1, 20).Where(id => stored!.HasWrite(id)));
    }

    [Fact]
    public void A_name_with_half_a_character_finds_its_entry_again()
    {
        var key = new EntryKey("/page", EntryKind.Member, "\uD800");
        var first = StoredObject.Build(null, 1, new(1, 0), [new(key, [1])]);

        var second = StoredObject.Build(first, 2, new(2, 0), [new(key, [2])]);

        Assert.Equal([2], Assert.Single(StoredObject.Parse(second.Bytes).ToSession().Entries).Value);
    }

    private static StoredObject Example()
    {
        var first = StoredObject.Build(null, 7, new((1L << 40) - 1, 1), [s_entries[0], new(s_entries[1].Key, [1, 2]), new(new("/gone", EntryKind.Member, "x"), [3])]);
        return StoredObject.Build(first, 9, new(1L << 40, 2_000_000_000_000), [s_entries[1], s_entries[2], new(new("/gone", EntryKind.Member, "x"), null)]);
    }

    private static void AssertEntries(EntryChange[] expected, StoredObject stored)
    {
        var entries = stored.ToSession().Entries;
        Assert.Equal(expected.Length, entries.Count);
        Assert.All(expected, entry => Assert.Equal(entry.Value, entries[entry.Key]));
    }
}

using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using Holdfast.Stores;

namespace Holdfast.S3;

/// <summary>A session as it lies in the bucket: all of its entries in one object. Never changed once it is made.</summary>
/// <remarks>
/// <para>The form is binary, with numbers in little-endian order, and the values as they are: they are JSON already, and stay legible in the object; JSON
/// around them would need base64 for bytes of any kind, which is longer and legible to nobody.</para>
/// <code>
/// header, 160 bytes
///     0    4  'H' 'F' 'S', and the form's version, 1
///     4    4  length of the whole object
///     8    8  revision
///     16   8  expiry, in Unix milliseconds
///     24 128  ids of the last 16 writes, the newest first; 0 where there were fewer
///     152  4  number of entries
///     156  4  CRC-32C of what stands before
/// each entry
///     1       kind: 's', 'm' or 't'
///     2, 2, 4 lengths of slice, name and value
///             slice and name in UTF-8, value
/// end
///     4       CRC-32C of all entries
/// </code>
/// <para>The header has a fixed length and a checksum of its own, so that a ranged GET of it tells whether a session has expired. The ids tell a writer
/// that lost its answer whether the write happened, also when others have written since.</para>
/// </remarks>
internal sealed class StoredObject
{
    public const int HeaderBytes = 160;

    /// <summary>Chosen: far above what a session should be, and bounds what a foreign object under a session's name can take of memory.</summary>
    public const int MaxBytes = 64 * 1024 * 1024;

    /// <summary>How many writes back an own one is still recognised. Chosen: more than other nodes can do between a lost answer and the look at what is
    /// stored; 8 bytes each.</summary>
    public const int WriteIds = 16;

    private const uint Signature = 'H' | 'F' << 8 | 'S' << 16 | Version << 24;
    private const int Version = 1;
    private const int WriteIdsAt = 24;
    private const int CountAt = WriteIdsAt + (WriteIds * sizeof(long));
    private const int HeaderChecksumAt = CountAt + 4;
    private const int EntryHeadBytes = 9;
    private const int EndBytes = 4;

    private static readonly long s_firstMoment = DateTimeOffset.MinValue.ToUnixTimeMilliseconds();
    private static readonly long s_lastMoment = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    private readonly byte[] _bytes;

    private StoredObject(byte[] bytes) => _bytes = bytes;

    /// <summary>What is sent and stored.</summary>
    public byte[] Bytes => _bytes;

    public ObjectHeader Header => new(BinaryPrimitives.ReadInt64LittleEndian(_bytes.AsSpan(8)), BinaryPrimitives.ReadInt64LittleEndian(_bytes.AsSpan(16)));

    /// <summary>A new id for a write: random, never 0.</summary>
    public static long NewWriteId()
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        RandomNumberGenerator.Fill(bytes);
        return BinaryPrimitives.ReadInt64LittleEndian(bytes) | 1;
    }

    /// <summary>Reads the beginning of an object.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or none of ours; the message says how.</exception>
    public static ObjectHeader ParseHeader(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderBytes)
        {
            throw new InvalidDataException($"it has {bytes.Length} bytes, and the header alone has {HeaderBytes}");
        }

        var signature = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if ((signature & 0xFFFFFF) != (Signature & 0xFFFFFF))
        {
            throw new InvalidDataException("it does not begin with 'HFS'");
        }

        if (signature >> 24 != Version)
        {
            throw new InvalidDataException($"it has the form's version {signature >> 24}, and this version of Holdfast.S3 knows version {Version}");
        }

        if (Checksum(bytes[..HeaderChecksumAt]) != BinaryPrimitives.ReadUInt32LittleEndian(bytes[HeaderChecksumAt..]))
        {
            throw new InvalidDataException("its header's checksum is wrong");
        }

        var header = new ObjectHeader(BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]));
        return header.ExpiresAt >= s_firstMoment && header.ExpiresAt <= s_lastMoment
            ? header
            : throw new InvalidDataException($"its expiry, {header.ExpiresAt}, is no time");
    }

    /// <summary>Checks a whole object and keeps its bytes.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or none of ours; the message says how.</exception>
    public static StoredObject Parse(byte[] bytes)
    {
        ParseHeader(bytes);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(4));
        if (length != bytes.Length || length < HeaderBytes + EndBytes)
        {
            throw new InvalidDataException($"it says that it has {length} bytes, and has {bytes.Length}");
        }

        var end = bytes.Length - EndBytes;
        if (Checksum(bytes.AsSpan(HeaderBytes, end - HeaderBytes)) != BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(end)))
        {
            throw new InvalidDataException("its entries' checksum is wrong");
        }

        var parsed = new StoredObject(bytes);
        var entries = parsed.Entries();
        while (entries.MoveNext())
        {
            _ = KindOf(entries.Current.Kind);
        }

        return parsed;
    }

    /// <summary>Lays changes over what was stored.</summary>
    /// <param name="stored">What they are made on; null for a session that is new, or takes the place of one that has expired.</param>
    /// <param name="writeId">The id of this write.</param>
    /// <param name="header">The new revision and expiry.</param>
    /// <param name="changes">Each key at most once.</param>
    /// <exception cref="InvalidOperationException">It would be longer than <see cref="MaxBytes"/>.</exception>
    public static StoredObject Build(StoredObject? stored, long writeId, ObjectHeader header, IReadOnlyList<EntryChange> changes)
    {
        var changed = new EncodedEntry[changes.Count];
        for (var i = 0; i < changed.Length; i++)
        {
            changed[i] = EncodedEntry.Of(changes[i]);
        }

        var kept = new List<Range>();
        var (length, count) = ((long)HeaderBytes + EndBytes, 0);
        for (var entries = stored is null ? default : stored.Entries(); entries.MoveNext();)
        {
            if (!IsChanged(entries.Current, changed))
            {
                kept.Add(entries.Current.Place);
                length += entries.Current.Place.End.Value - entries.Current.Place.Start.Value;
                count++;
            }
        }

        foreach (var entry in changed)
        {
            if (entry.Value is { } value)
            {
                length += EntryHeadBytes + entry.Slice.Length + entry.Name.Length + value.Length;
                count++;
            }
        }

        if (length > MaxBytes)
        {
            throw new InvalidOperationException($"{length} bytes");
        }

        var bytes = new byte[length];
        var at = HeaderBytes;
        foreach (var place in kept)
        {
            var entry = stored!._bytes.AsSpan(place);
            entry.CopyTo(bytes.AsSpan(at));
            at += entry.Length;
        }

        foreach (var entry in changed)
        {
            at = entry.Value is null ? at : entry.WriteTo(bytes, at);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), Checksum(bytes.AsSpan(HeaderBytes, at - HeaderBytes)));
        WriteHeader(bytes, stored, writeId, header, count);
        return new StoredObject(bytes);
    }

    /// <summary>Whether a write is among the last ones.</summary>
    public bool HasWrite(long writeId)
    {
        for (var i = 0; i < WriteIds; i++)
        {
            if (BinaryPrimitives.ReadInt64LittleEndian(_bytes.AsSpan(WriteIdsAt + (i * sizeof(long)))) == writeId)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A copy for the caller to keep.</summary>
    public StoredSession ToSession()
    {
        var entries = new Dictionary<EntryKey, byte[]>();
        for (var stored = Entries(); stored.MoveNext();)
        {
            var entry = stored.Current;
            entries[new EntryKey(Encoding.UTF8.GetString(entry.Slice), KindOf(entry.Kind), Encoding.UTF8.GetString(entry.Name))] = entry.Value.ToArray();
        }

        return new StoredSession(Header.Revision, DateTimeOffset.FromUnixTimeMilliseconds(Header.ExpiresAt), entries);
    }

    private static void WriteHeader(byte[] bytes, StoredObject? stored, long writeId, ObjectHeader header, int count)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Signature);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), (uint)bytes.Length);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), header.Revision);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), header.ExpiresAt);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(WriteIdsAt), writeId);
        stored?._bytes.AsSpan(WriteIdsAt, (WriteIds - 1) * sizeof(long)).CopyTo(bytes.AsSpan(WriteIdsAt + sizeof(long)));
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(CountAt), count);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(HeaderChecksumAt), Checksum(bytes.AsSpan(0, HeaderChecksumAt)));
    }

    private static bool IsChanged(StoredEntry entry, EncodedEntry[] changes)
    {
        foreach (var change in changes)
        {
            if (change.Kind == entry.Kind && entry.Name.SequenceEqual(change.Name) && entry.Slice.SequenceEqual(change.Slice))
            {
                return true;
            }
        }

        return false;
    }

    private EntryEnumerator Entries() => new(_bytes);

    private static byte LetterOf(EntryKind kind) => kind switch
    {
        EntryKind.Slice => (byte)'s',
        EntryKind.Member => (byte)'m',
        EntryKind.Tab => (byte)'t',
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "An entry is a slice, a member or a tab's part."),
    };

    private static EntryKind KindOf(byte letter) => letter switch
    {
        (byte)'s' => EntryKind.Slice,
        (byte)'m' => EntryKind.Member,
        (byte)'t' => EntryKind.Tab,
        _ => throw new InvalidDataException($"it has an entry of the kind {letter}, and this version of Holdfast.S3 knows 's', 'm' and 't'"),
    };

    /// <summary>CRC-32C, as iSCSI has it. Source: RFC 3720, appendix B.4.</summary>
    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        }

        foreach (var one in bytes)
        {
            crc = BitOperations.Crc32C(crc, one);
        }

        return ~crc;
    }

    private readonly ref struct StoredEntry(Range place, byte kind, ReadOnlySpan<byte> slice, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        public Range Place { get; } = place;

        public byte Kind { get; } = kind;

        public ReadOnlySpan<byte> Slice { get; } = slice;

        public ReadOnlySpan<byte> Name { get; } = name;

        public ReadOnlySpan<byte> Value { get; } = value;
    }

    /// <summary>Goes through the entries. Throws <see cref="InvalidDataException"/> where lengths do not fit, which a parsed object has not.</summary>
    private ref struct EntryEnumerator(byte[] bytes)
    {
        private readonly byte[]? _bytes = bytes;
        private readonly int _end = bytes.Length - EndBytes;
        private int _left = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(CountAt));
        private int _at = HeaderBytes;

        public StoredEntry Current { get; private set; }

        public bool MoveNext()
        {
            if (_bytes is null)
            {
                return false;
            }

            if (_left <= 0 || _at == _end)
            {
                return _left == 0 && _at == _end ? false : throw new InvalidDataException("it has not the number of entries that it says");
            }

            if (_end - _at < EntryHeadBytes)
            {
                throw new InvalidDataException("an entry is cut off");
            }

            var head = _bytes.AsSpan(_at, EntryHeadBytes);
            int slice = BinaryPrimitives.ReadUInt16LittleEndian(head[1..]);
            int name = BinaryPrimitives.ReadUInt16LittleEndian(head[3..]);
            long value = BinaryPrimitives.ReadUInt32LittleEndian(head[5..]);
            if (EntryHeadBytes + slice + name + value > _end - _at)
            {
                throw new InvalidDataException("an entry is longer than what is there");
            }

            var content = _bytes.AsSpan(_at + EntryHeadBytes, slice + name + (int)value);
            var next = _at + EntryHeadBytes + content.Length;
            Current = new StoredEntry(_at..next, head[0], content[..slice], content.Slice(slice, name), content[(slice + name)..]);
            _at = next;
            _left--;
            return true;
        }
    }

    /// <summary>A change with its names in UTF-8; what is no character there becomes U+FFFD, alike in what is written and in what is looked for.</summary>
    private readonly record struct EncodedEntry(byte Kind, byte[] Slice, byte[] Name, byte[]? Value)
    {
        public static EncodedEntry Of(EntryChange change) =>
            new(LetterOf(change.Key.Kind), Encoding.UTF8.GetBytes(change.Key.Slice), Encoding.UTF8.GetBytes(change.Key.Name), change.Value);

        public int WriteTo(byte[] bytes, int at)
        {
            var head = bytes.AsSpan(at, EntryHeadBytes);
            head[0] = Kind;
            BinaryPrimitives.WriteUInt16LittleEndian(head[1..], checked((ushort)Slice.Length));
            BinaryPrimitives.WriteUInt16LittleEndian(head[3..], checked((ushort)Name.Length));
            BinaryPrimitives.WriteInt32LittleEndian(head[5..], Value!.Length);
            at += EntryHeadBytes;
            foreach (var part in (ReadOnlySpan<byte[]>)[Slice, Name, Value])
            {
                part.CopyTo(bytes, at);
                at += part.Length;
            }

            return at;
        }
    }
}

/// <summary>What the beginning of an object says.</summary>
/// <param name="Revision">The session's revision.</param>
/// <param name="ExpiresAt">Unix milliseconds.</param>
internal readonly record struct ObjectHeader(long Revision, long ExpiresAt);

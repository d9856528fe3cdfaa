namespace Holdfast.Postgres;

/// <summary>What NOTIFY carries: text of fewer than 8,000 bytes, which within a transaction is sent once however often it was said.</summary>
/// <remarks><c>7:SGk=</c> is the notice itself in Base64, after its place in the transaction, which tells equal notices apart; <c>#</c> and a number is a
/// notice that stands in the table.</remarks>
internal static class NoticePayload
{
    /// <summary>The longest notice that is carried itself: in Base64 and with its place it stays below 8,000 bytes. Source: PostgreSQL, NOTIFY.</summary>
    public const int MostBytes = 5_900;

    public static string Of(ReadOnlySpan<byte> notice, int place) => $"{place}:{Convert.ToBase64String(notice)}";

    public static string Of(Guid row) => $"#{row:N}";

    /// <summary>The row in which the notice stands, if it does.</summary>
    public static bool TryGetRow(string payload, out Guid row)
    {
        row = default;
        return payload.StartsWith('#') && Guid.TryParseExact(payload.AsSpan(1), "N", out row);
    }

    /// <summary>The notice, or null if it is none of ours: anybody who may use the database can send on the channel.</summary>
    public static byte[]? Parse(string payload)
    {
        var bytes = new byte[payload.Length];
        return payload.IndexOf(':') is >= 0 and var colon && Convert.TryFromBase64Chars(payload.AsSpan(colon + 1), bytes, out var length)
            ? bytes[..length]
            : null;
    }
}

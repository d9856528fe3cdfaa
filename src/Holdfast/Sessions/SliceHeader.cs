namespace Holdfast.Sessions;

/// <summary>What is stored of a slice as a whole. The form is described in docs/decisions/001-the-stored-form.md.</summary>
internal static class SliceHeader
{
    /// <summary>A slice whose view declares no version.</summary>
    public static readonly byte[] Version0 = "{\"v\":0}"u8.ToArray();
}

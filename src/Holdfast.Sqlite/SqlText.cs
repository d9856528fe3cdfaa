namespace Holdfast.Sqlite;

/// <summary>The statements, from the files in <c>Sql/</c>, which are embedded in the assembly.</summary>
internal static class SqlText
{
    public static readonly string Schema = Load("schema");
    public static readonly string Connection = Load("connection");
    public static readonly string JournalMode = Load("journal-mode");
    public static readonly string Describe = Load("describe");
    public static readonly string Read = Load("read");
    public static readonly string List = Load("list");
    public static readonly string ListExpired = Load("list-expired");
    public static readonly string FindRecord = Load("find-record");
    public static readonly string InsertRecord = Load("insert-record");
    public static readonly string UpdateRecord = Load("update-record");
    public static readonly string DeleteRecord = Load("delete-record");
    public static readonly string SweepRecord = Load("sweep-record");
    public static readonly string DeleteEntries = Load("delete-entries");
    public static readonly string SetEntry = Load("set-entry");
    public static readonly string RemoveEntry = Load("remove-entry");
    public static readonly string ListKeys = Load("list-keys");
    public static readonly string InsertKey = Load("insert-key");

    private static string Load(string name)
    {
        using var stream = typeof(SqlText).Assembly.GetManifestResourceStream(name + ".sql")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}

namespace Holdfast.Postgres;

/// <summary>The statements for one schema, from the files in <c>Sql/</c>, which are embedded in the assembly.</summary>
internal sealed class PostgresSql
{
    private readonly string _quoted;

    /// <param name="schema">A checked name: it has no quotes in it.</param>
    public PostgresSql(string schema)
    {
        _quoted = $"\"{schema}\"";
        Describe = Load("describe");
        Version = Load("version");
        LockSchema = Load("lock-schema");
        FindSchema = Load("find-schema");
        CreateSchema = Load("create-schema");
        Schema = Load("schema") + Load("write");
        Write = Load("call-write");
        Read = Load("read");
        List = Load("list");
        Delete = Load("delete");
        Sweep = Load("sweep");
        SweepNotices = Load("sweep-notices");
        Notify = Load("notify");
        InsertNotices = Load("insert-notices");
        ReadNotice = Load("read-notice");
        ListKeys = Load("list-keys");
        InsertKey = Load("insert-key");
    }

    public string Describe { get; }

    public string Version { get; }

    public string LockSchema { get; }

    public string FindSchema { get; }

    public string CreateSchema { get; }

    public string Schema { get; }

    public string Write { get; }

    public string Read { get; }

    public string List { get; }

    public string Delete { get; }

    public string Sweep { get; }

    public string SweepNotices { get; }

    public string Notify { get; }

    public string InsertNotices { get; }

    public string ReadNotice { get; }

    public string ListKeys { get; }

    public string InsertKey { get; }

    private string Load(string name)
    {
        using var stream = typeof(PostgresSql).Assembly.GetManifestResourceStream(name + ".sql")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Replace("{schema}", _quoted, StringComparison.Ordinal);
    }
}

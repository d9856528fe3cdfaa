namespace Holdfast.Nodes.Tests.Stores;

/// <summary>The stores that several nodes can share.</summary>
public enum StoreKind
{
    /// <summary>A file: nodes on one machine.</summary>
    Sqlite,

    /// <summary>A PostgreSQL server.</summary>
    Postgres,

    /// <summary>A Redis server that writes through to its disk.</summary>
    Redis,

    /// <summary>A Ceph gateway.</summary>
    S3,
}

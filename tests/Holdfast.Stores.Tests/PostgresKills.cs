using Xunit;

namespace Holdfast.Stores.Tests;

/// <summary>The classes whose tests kill the server. They share one, and run one after the other.</summary>
[CollectionDefinition]
public sealed class PostgresKills : ICollectionFixture<PostgresServerFixture>;

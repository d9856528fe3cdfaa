using System.Text.Json;
using Holdfast.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Holdfast.Sessions;

/// <summary>What every page of this node shares. Immutable.</summary>
internal sealed record PageServices(
    ILoggerFactory LoggerFactory,
    PageMetrics Metrics,
    PageRegistry Pages,
    JsonSerializerOptions StateJson,
    int MaxMemberBytes,
    bool ShowsDetail,
    string StartId);

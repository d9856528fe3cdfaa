using Holdfast.Nodes.Tests.Server;
using Holdfast.TestViews;
using Microsoft.AspNetCore.Builder;

// A node of the test app whose store fails as --fault says, on top of the store that --store names.
var fault = new NodeFault(args.FirstOrDefault(argument => argument.StartsWith("--fault=", StringComparison.Ordinal))?["--fault=".Length..]);
var app = TestApp.Build(args, fault.AddTo);
app.MapPost("/fault/hold", () => fault.Store.HoldWrites());
app.MapPost("/fault/release", () => fault.Store.ReleaseWrites());
app.MapPost("/fault/drop", fault.DropNextWrite);
app.MapPost("/fault/flush", (CancellationToken cancellationToken) => fault.Store.FlushAsync(cancellationToken).AsTask());
app.Run();

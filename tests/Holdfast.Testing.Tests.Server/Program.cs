using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;

// A server for the tests of ServerProcess: it answers with what it was told to on its command line.
if (args.Contains("--fail"))
{
    Console.Error.WriteLine("told to fail");
    return 3;
}

var app = WebApplication.CreateBuilder(args).Build();
app.MapGet("/", () => app.Configuration["says"] ?? "nothing");
await app.RunAsync();
return 0;

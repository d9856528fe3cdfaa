using System.Diagnostics;
using System.Text;
using Holdfast.Testing.Processes;

namespace Holdfast.Tests.Hosting;

/// <summary>That <c>dotnet watch</c> changes a view while it is open. Long: it builds an app.</summary>
public sealed class HotReloadTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task An_edited_view_shows_its_new_markup_and_keeps_its_state()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("HOLDFAST_LONG") == "1", "It builds an app: see ./test.sh --long.");
        WriteApp();
        var port = FreePort.Next();
        using var watch = new Watch(_folder.File("App.csproj"), port);
        await watch.SaysAsync("Now listening on");
        await watch.SaysAsync("Waiting for changes");
        await using var client = new ProtocolClient(new ProtocolClientOptions { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Deadline = TimeSpan.FromSeconds(30) });
        await client.GetPageAsync("/");
        await client.JoinAsync();
        await client.ClickAsync("#up");
        await client.UntilTextAsync("#count", "Count: 1, 1");
        var instance = client.Joined!.Instance;

        Edit("Count: ", "Now: ");
        await client.UntilTextAsync("#count", "Now: 1, 1");
        await client.ClickAsync("#up");
        await client.UntilTextAsync("#count", "Now: 2, 2");

        Edit("</p>", "</p><b id=\"new\" @onclick=\"@(() => Count += 10)\">new</b>");
        await client.UntilAsync(it => it.Shows("#new"));
        await client.ClickAsync("#new");
        await client.UntilTextAsync("#count", "Now: 12, 2");
        client.Joined!.Instance.ShouldBe(instance);
        await client.AckedAsync();

        // A member that becomes persistent is stored from the next mount on.
        Edit("Now: ", "Then: ");
        Edit("int _unmarked;", "[Persist] int _unmarked;");
        await client.UntilTextAsync("#count", "Then: 12, 2");
        await client.GetPageAsync("/");
        client.Text("#count").ShouldBe("Then: 12, 0");
        await client.JoinAsync();
        await client.ClickAsync("#up");
        await client.AckedAsync();
        await client.GetPageAsync("/");
        client.Text("#count").ShouldBe("Then: 13, 1");
    }

    public void Dispose() => _folder.Dispose();

    private void Edit(string old, string replacement)
    {
        var file = _folder.File("Home.razor");
        var text = File.ReadAllText(file);
        text.ShouldContain(old);
        File.WriteAllText(file, text.Replace(old, replacement));
    }

    private void WriteApp()
    {
        File.WriteAllText(_folder.File("App.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk.Web">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <RequiresAspNetWebAssets>false</RequiresAspNetWebAssets>
                <RootNamespace>Watched</RootNamespace>
              </PropertyGroup>
              <ItemGroup>
                <ProjectReference Include="{Path.Combine(Repository(), "src", "Holdfast", "Holdfast.csproj")}" />
              </ItemGroup>
            </Project>
            """);
        File.WriteAllText(_folder.File("Program.cs"), """
            var builder = WebApplication.CreateBuilder(args);
            builder.Services.AddHoldfast();
            var app = builder.Build();
            app.MapHoldfast<Watched.Shell>();
            app.Run();
            """);
        File.WriteAllText(_folder.File("_Imports.razor"), """
            @using Holdfast
            @using Microsoft.AspNetCore.Components.Web
            """);
        File.WriteAllText(_folder.File("Shell.razor"), """
            <!DOCTYPE html>
            <html><head><HoldfastScript /></head><body><BodyOutlet /></body></html>
            """);
        File.WriteAllText(_folder.File("Home.razor"), """
            @page "/"
            @inherits LiveView

            <p id="count">Count: @Count, @_unmarked</p>
            <button id="up" @onclick="Up">up</button>

            @code {
                [Persist] public int Count { get; set; }
                int _unmarked;

                void Up()
                {
                    Count++;
                    _unmarked++;
                }
            }
            """);
    }

    private static string Repository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Holdfast.slnx")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }

    /// <summary>Owns <c>dotnet watch</c> and all that it starts.</summary>
    private sealed class Watch : IDisposable
    {
        private readonly Process _process;
        private readonly StringBuilder _output = new();
        private readonly SemaphoreSlim _said = new(0);

        public Watch(string project, int port)
        {
            var start = new ProcessStartInfo("dotnet", ["watch", "--non-interactive", "--no-launch-profile", "--project", project, "run"])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            start.Environment["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}";
            start.Environment["ASPNETCORE_ENVIRONMENT"] = "Development";
            start.Environment["DOTNET_WATCH_SUPPRESS_LAUNCH_BROWSER"] = "1";
            start.Environment["DOTNET_WATCH_SUPPRESS_EMOJIS"] = "1";
            _process = Process.Start(start)!;
            _process.OutputDataReceived += Note;
            _process.ErrorDataReceived += Note;
            _process.BeginOutputReadLine();
            _process.BeginErrorReadLine();
        }

        public async Task SaysAsync(string text)
        {
            while (!Output.Contains(text, StringComparison.Ordinal))
            {
                if (_process.HasExited || !await _said.WaitAsync(TimeSpan.FromMinutes(4)))
                {
                    throw new TimeoutException($"'dotnet watch' did not say '{text}': {Output}");
                }
            }
        }

        public void Dispose()
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
            _process.Dispose();
            _said.Dispose();
        }

        private string Output
        {
            get
            {
                lock (_output)
                {
                    return _output.ToString();
                }
            }
        }

        private void Note(object sender, DataReceivedEventArgs line)
        {
            lock (_output)
            {
                _output.AppendLine(line.Data);
            }

            _said.Release(); // At the end too, when there is no line.
        }
    }
}

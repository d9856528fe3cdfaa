using System.Diagnostics;
using System.Net;
using Holdfast.Testing.Clients;

namespace Holdfast.Benchmarks.Load;

/// <summary>What one run of requests gave.</summary>
internal sealed record Requests(double PerSecond, double CpuMicroseconds, double Bytes, double AllocatedBytes);

/// <summary>Requests in a closed loop on one fresh server, each connection a visitor of its own.</summary>
internal sealed class RequestRun(RequestScenario scenario, LoadOptions options)
{
    /// <summary>Enough to keep one core busy while a write is on its way to the disk.</summary>
    public const int Connections = 32;

    public async Task<Requests> RunAsync()
    {
        await using var server = await ServerProcess.StartAsync(scenario.Store, options.ServerCore);
        var visitors = new List<Visitor>();
        for (var i = 0; i < Connections; i++)
        {
            visitors.Add(await Visitor.ComeAsync(server, scenario, i));
        }

        var phase = new LoadPhase();
        var running = visitors.ConvertAll(visitor => Task.Run(() => visitor.RequestAsync(phase)));
        await server.WarmUpAsync(options);
        var before = await server.FiguresAsync();
        var started = Stopwatch.GetTimestamp();
        phase.IsMeasuring = true;
        await Task.WhenAny(Task.Delay(options.Duration), Task.WhenAny(running).Unwrap());
        phase.IsMeasuring = false;
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var after = await server.FiguresAsync();
        phase.IsOver = true;
        await Task.WhenAll(running);
        double count = visitors.Sum(visitor => visitor.Answers);
        return new Requests(
            count / seconds,
            (after.CpuMicroseconds - before.CpuMicroseconds) / count,
            visitors.Sum(visitor => visitor.Bytes) / count,
            (after.AllocatedBytes - before.AllocatedBytes) / count);
    }

    /// <summary>One visitor, with one connection.</summary>
    private sealed class Visitor(HttpClient http, string path, List<KeyValuePair<string, string>>? form)
    {
        private int _number;

        /// <summary>The answers while it was measured.</summary>
        public long Answers { get; private set; }

        /// <summary>Their bodies' bytes.</summary>
        public long Bytes { get; private set; }

        public static async Task<Visitor> ComeAsync(ServerProcess server, RequestScenario scenario, int number)
        {
            var handler = new SocketsHttpHandler { AllowAutoRedirect = false, MaxConnectionsPerServer = 1 };
            var http = new HttpClient(handler) { BaseAddress = new Uri($"http://localhost:{server.Port}") };
            if (!scenario.IsPost || scenario.Peer is null)
            {
                return new Visitor(http, scenario.IsPost ? $"{scenario.Path}/{number}" : scenario.Path, scenario.IsPost ? [] : null);
            }

            using var page = new FormClient(new ProtocolClientOptions { BaseAddress = http.BaseAddress, Cookies = handler.CookieContainer });
            await page.OpenAsync(scenario.Path);
            return new Visitor(http, scenario.Path, page.FieldsOf("button"));
        }

        public async Task RequestAsync(LoadPhase phase)
        {
            while (!phase.IsOver)
            {
                var length = form is null ? await GetAsync() : await PostAsync(form);
                if (phase.IsMeasuring)
                {
                    Answers++;
                    Bytes += length;
                }
            }
        }

        private async Task<int> GetAsync() => (await http.GetByteArrayAsync(path)).Length;

        /// <summary>Posts the same form with another number in it, or it would count as sent twice. The page that would follow is not loaded.</summary>
        private async Task<int> PostAsync(List<KeyValuePair<string, string>> fields)
        {
            using var content = new FormUrlEncodedContent([.. fields, KeyValuePair.Create("number", $"{++_number}")]);
            using var response = await http.PostAsync(path, content);
            return response.StatusCode == HttpStatusCode.SeeOther
                ? 0
                : throw new InvalidOperationException($"The POST of '{path}' was answered {(int)response.StatusCode}. A run counts only what was done. Look at the server.");
        }
    }
}

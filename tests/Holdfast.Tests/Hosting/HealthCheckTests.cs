using System.Net;
using Holdfast.Security;
using Holdfast.Stores;
using Holdfast.Testing.Time;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Holdfast.Tests.Hosting;

/// <summary>What a load balancer hears, over HTTP.</summary>
public class HealthCheckTests
{
    [Fact]
    public async Task A_node_whose_store_answers_is_ready()
    {
        await using var world = await World.StartAsync();
        var writes = world.Store.Writes;
        (await GetAsync(world, "/health")).ShouldBe((HttpStatusCode.OK, "Healthy"));
        (await GetAsync(world, "/health/all")).Text.ShouldStartWith("holdfast Healthy: The session store answers.");
        world.Store.Writes.ShouldBe(writes);
    }

    // What is unhealthy is an error in the log of ASP.NET Core's health checks.

    [Fact]
    public async Task A_store_that_hangs_makes_the_node_unhealthy_after_a_second_and_is_not_asked_again_meanwhile()
    {
        var clock = new FakeTimeProvider();
        await using var world = new World { Time = clock, ExpectsErrors = true };
        var store = new HangingStore();
        await world.StartNodeAsync(configureServices: services => new HoldfastBuilder(services).UseStore(_ => store));

        var first = GetAsync(world, "/health/all");
        await store.Asked.Task.WaitAsync(TimeSpan.FromSeconds(10));
        clock.Advance(TimeSpan.FromSeconds(0.9));
        first.IsCompleted.ShouldBeFalse();
        (await AnsweredAsync(clock, first)).ShouldBe((HttpStatusCode.ServiceUnavailable, "holdfast Unhealthy: The session store does not answer.  "));

        (await AnsweredAsync(clock, GetAsync(world, "/health"))).ShouldBe((HttpStatusCode.ServiceUnavailable, "Unhealthy"));
        store.Reads.ShouldBe(1);
        world.Node.Log.All.ShouldContain(entry => entry.Contains("did not answer a read within 1 s"));

        store.Answer.SetResult(SessionReadResult.Missing);
        (await AnsweredAsync(clock, GetAsync(world, "/health"))).ShouldBe((HttpStatusCode.OK, "Healthy"));
        (await AnsweredAsync(clock, GetAsync(world, "/health"))).ShouldBe((HttpStatusCode.OK, "Healthy"));
        store.Reads.ShouldBeGreaterThan(1);
    }

    [Fact]
    public async Task A_store_that_fails_makes_the_node_unhealthy_and_the_answer_names_no_host()
    {
        await using var world = new World { ExpectsErrors = true };
        var store = new HangingStore();
        store.Answer.SetException(new SessionStoreException("PostgreSQL at db-7.internal:5432 refused 'Host=db-7.internal;Password=oyster'.", new IOException("/var/lib/shop")));
        await world.StartNodeAsync(configureServices: services => new HoldfastBuilder(services).UseStore(_ => store));

        (await GetAsync(world, "/health")).ShouldBe((HttpStatusCode.ServiceUnavailable, "Unhealthy"));
        (await GetAsync(world, "/health/all")).ShouldBe((HttpStatusCode.ServiceUnavailable, "holdfast Unhealthy: The session store fails.  "));

        world.Node.Log.All.ShouldContain(entry => entry.Contains("db-7.internal"));
    }

    [Fact]
    public async Task A_node_that_shuts_down_is_not_ready_while_it_still_answers()
    {
        await using var world = new World { ExpectsErrors = true };
        var signals = new StopSignals();

        // Hosted services hear of the stop in the reverse order: the first one last.
        await world.StartNodeAsync(configureServices: services => services.Insert(0, ServiceDescriptor.Singleton<IHostedService>(signals)));
        (await GetAsync(world, "/health")).Status.ShouldBe(HttpStatusCode.OK);

        var stopping = world.Node.StopAsync();
        await signals.Stopping;
        (await GetAsync(world, "/health")).ShouldBe((HttpStatusCode.ServiceUnavailable, "Unhealthy"));
        (await GetAsync(world, "/health/all")).Text.ShouldBe("holdfast Unhealthy: The node is shutting down.  ");

        signals.GoOn.SetResult();
        await stopping;
    }

    private static async Task<(HttpStatusCode Status, string Text)> GetAsync(World world, string path)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{world.Node.Port}/") };
        using var answer = await http.GetAsync(path);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static async Task<(HttpStatusCode Status, string Text)> AnsweredAsync(FakeTimeProvider clock, Task<(HttpStatusCode Status, string Text)> answer)
    {
        await Until.SoAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(0.2));
            return answer.IsCompleted;
        });
        return await answer;
    }

    /// <summary>Answers when it is told to, whatever its callers' tokens say.</summary>
    private sealed class HangingStore : ISessionStore
    {
        private int _reads;

        public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<SessionReadResult> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Reads => Volatile.Read(ref _reads);

        public StoreDurability Durability => StoreDurability.Process;

        public async ValueTask<SessionReadResult> ReadAsync(string key, long knownRevision, CancellationToken cancellationToken)
        {
            if (key == StorageKeys.Record)
            {
                return SessionReadResult.Missing; // The host starts.
            }

            Interlocked.Increment(ref _reads);
            Asked.TrySetResult();
            return await Answer.Task;
        }

        public ValueTask<SessionWriteResult> WriteAsync(string key, SessionWrite write, CancellationToken cancellationToken) => ValueTask.FromResult(new SessionWriteResult(true, 1));

        public ValueTask<bool> DeleteAsync(string key, CancellationToken cancellationToken) => throw new NotSupportedException("Nothing is deleted here.");

        public IAsyncEnumerable<string> ListAsync(CancellationToken cancellationToken) => AsyncEnumerable.Empty<string>();

        public ValueTask<int> SweepAsync(CancellationToken cancellationToken) => ValueTask.FromResult(0);
    }
}

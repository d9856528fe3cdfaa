using System.Globalization;
using BenchmarkDotNet.Running;
using Holdfast.Benchmarks;
using Holdfast.Benchmarks.Load;
using Holdfast.Benchmarks.Micro;
using Holdfast.Benchmarks.Server;
using Holdfast.Benchmarks.Stores;

// server <store> <port> and stores <store> <place> …: the measured processes. load …: the client, which starts servers (see bench.sh). micro …: BenchmarkDotNet.
switch (args)
{
    case ["server", var store, var port]:
        await BenchServer.RunAsync(store, int.Parse(port));
        return 0;
    case ["stores", var store, var place, var rounds, var seconds]:
        await StoreWorker.RunAsync(store, place, int.Parse(rounds), TimeSpan.FromSeconds(double.Parse(seconds, CultureInfo.InvariantCulture)));
        return 0;
    case ["load", .. var options]:
        await new LoadReport(LoadOptions.Parse(options)).RunAsync();
        return 0;
    case ["micro", .. var filters]:
        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(filters, InProcessConfig.Create());
        return 0;
    default:
        Console.Error.WriteLine("Say what to run: 'server <memory|sqlite|blazor> <port>', 'load [--quick]' or 'micro [--filter *]'. Better, use ./bench.sh.");
        return 1;
}

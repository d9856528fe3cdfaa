using System.ComponentModel;
using System.Runtime.InteropServices;
using Holdfast.Testing.Processes;

namespace Holdfast.Testing.Faults;

/// <summary>Takes from a server process the disk that it writes to, and gives it back: from one moment to the next no write to a file succeeds. Needs Linux, and no rights.</summary>
/// <remarks>It is the limit on the size of files (<c>RLIMIT_FSIZE</c>), set to 0, so that the process is told <c>EFBIG</c> where a full disk says <c>ENOSPC</c>. Pipes and sockets are not files.</remarks>
public static class FullDisk
{
    private const int FileSize = 1;

    /// <summary>Starts the process so that it is told of a full disk, and not ended by it.</summary>
    public static ServerProcessOptions WithDiskThatMayBeFull(this ServerProcessOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options with { Path = "/bin/sh", Arguments = ["-c", "trap '' XFSZ; exec dotnet \"$@\"", "sh", options.Path, .. options.Arguments] };
    }

    /// <summary>From now on all writes fail.</summary>
    public static void FillDisk(this ServerProcess process) => Limit(process, isFull: true);

    /// <summary>From now on writes succeed again.</summary>
    public static void FreeDisk(this ServerProcess process) => Limit(process, isFull: false);

    private static void Limit(ServerProcess process, bool isFull)
    {
        ArgumentNullException.ThrowIfNull(process);
        Check(GetLimits(process.Id, FileSize, 0, out var limits));
        limits.Soft = isFull ? 0 : limits.Hard; // Who lowers the hard limit may not raise it.
        Check(SetLimits(process.Id, FileSize, limits, 0));
    }

    private static void Check(int result)
    {
        if (result != 0)
        {
            throw new Win32Exception();
        }
    }

    [DllImport("libc", EntryPoint = "prlimit", SetLastError = true)]
    private static extern int GetLimits(int process, int resource, nint none, out Limits limits);

    [DllImport("libc", EntryPoint = "prlimit", SetLastError = true)]
    private static extern int SetLimits(int process, int resource, in Limits limits, nint none);

    [StructLayout(LayoutKind.Sequential)]
    private struct Limits
    {
        public nuint Soft;
        public nuint Hard;
    }
}

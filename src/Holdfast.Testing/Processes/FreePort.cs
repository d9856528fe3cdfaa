using System.Net;
using System.Net.Sockets;

namespace Holdfast.Testing.Processes;

/// <summary>Finds ports that nobody listens on.</summary>
public static class FreePort
{
    /// <summary>A loopback port that was free a moment ago. Another process may take it first: where the listener can,
    /// let it choose port 0 and ask which it got.</summary>
    public static int Next()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}

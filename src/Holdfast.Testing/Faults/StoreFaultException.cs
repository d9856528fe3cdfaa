namespace Holdfast.Testing.Faults;

/// <summary>The failure that a <see cref="FaultyStore"/> was asked for.</summary>
public sealed class StoreFaultException(string message) : Exception(message);

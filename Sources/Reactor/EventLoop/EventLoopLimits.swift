/// The bounds of one event loop.
public struct EventLoopLimits: Sendable {
  /// Jobs run in one turn before descriptors and timers are looked at again.
  public var jobsPerTurn = 4096
  /// How long a turn may last before work that yields waits for the next one. Default 1 ms.
  public var timeSlice = Duration.milliseconds(1)
  /// Readiness events taken from the kernel in one turn.
  public var eventsPerTurn = 512
  /// Size of the one read buffer that all connections of the loop share, in bytes.
  public var readBufferByteCount = 256 * 1024
  /// Output buffers kept for reuse when no connection needs them.
  public var pooledOutputBuffers = 64

  public init() {}
}

/// The bounds of one event loop.
public struct EventLoopLimits: Sendable {
  /// Jobs run in one turn before descriptors and timers are looked at again.
  public var jobsPerTurn = 4096
  /// Readiness events taken from the kernel in one turn.
  public var eventsPerTurn = 512
  /// Size of the one read buffer that all connections of the loop share, in bytes.
  public var readBufferByteCount = 256 * 1024
  /// Output buffers kept for reuse when no connection needs them.
  public var pooledOutputBuffers = 64

  public init() {}
}

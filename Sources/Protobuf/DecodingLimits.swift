/// The bounds of one decoded message.
public struct DecodingLimits: Hashable, Sendable {
  /// Most bytes on the wire.
  public var maximumBytes = 4 * 1024 * 1024
  /// Most levels of messages within messages, the outermost counted as 1.
  public var maximumDepth = 64
  /// Most bytes of memory the decoded C message may take.
  public var maximumMemory = 64 * 1024 * 1024

  public init() {}
}

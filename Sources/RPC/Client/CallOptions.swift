public import Reactor

/// How one call is made.
public struct CallOptions: Sendable {
  /// When to give up; sent along as what is left of it. Nil takes the method's own time (`MethodDescriptor.timeout`), `.never` waits for
  /// ever.
  public var deadline: Deadline?
  /// Sent with the request.
  public var metadata: Metadata
  /// Waits for a connection instead of failing while there is none.
  public var waitsForReady: Bool
  /// Most bytes of a response message; nil takes the channel's limit.
  public var maximumResponseBytes: Int?

  public init(
    deadline: Deadline? = nil, metadata: Metadata = Metadata(), waitsForReady: Bool = false,
    maximumResponseBytes: Int? = nil
  ) {
    self.deadline = deadline
    self.metadata = metadata
    self.waitsForReady = waitsForReady
    self.maximumResponseBytes = maximumResponseBytes
  }
}

/// What came back from a call: the messages' bytes and the metadata around them.
public struct UnaryReply: Sendable {
  public var message: [UInt8]
  public var initialMetadata: Metadata
  public var trailingMetadata: Metadata
}

public import Reactor

/// How one call is made.
public struct CallOptions: Sendable {
  /// When to give up; sent along as what is left of it. Nil and `.never` wait for ever.
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

/// Sees every call of a channel. Both run on a loop's thread and must not block.
public protocol ClientInterceptor: Sendable {
  /// May change the options, such as adding metadata.
  /// - Throws: `RPCError` to end the call before anything is sent.
  func begin(path: String, options: inout CallOptions) throws(RPCError)
  func end(path: String, status: StatusCode, elapsed: Duration)
}

extension ClientInterceptor {
  public func begin(path: String, options: inout CallOptions) throws(RPCError) {}
  public func end(path: String, status: StatusCode, elapsed: Duration) {}
}

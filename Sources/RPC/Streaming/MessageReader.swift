public import Protobuf
internal import Reactor

/// The messages of a stream, in order. One reader at a time.
public struct MessageReader<Element: Message>: Sendable {
  private let source: LoopBound<any IncomingMessages>
  private let loop: EventLoop
  private let part: MessageRules.Part

  init(source: LoopBound<any IncomingMessages>, part: MessageRules.Part) {
    self.source = source
    self.part = part
    loop = source.loop
  }

  /// Waits for the next message; nil when the peer has sent its last one.
  /// - Throws: `RPCError` when the call has ended otherwise or the message is not valid.
  public func next() async throws(RPCError) -> Element? {
    let result = await withUnsafeContinuation { continuation in
      if loop.isCurrent {
        source.value.next(continuation)
      } else {
        loop.execute { source.value.next(continuation) }
      }
    }
    guard let bytes = try result.get() else { return nil }
    do throws(ProtobufError) {
      return try Element(serialized: bytes)
    } catch {
      throw MessageRules.unreadable(part, error)
    }
  }
}

/// Where a reader's messages come from. Loop-bound.
protocol IncomingMessages: AnyObject {
  /// Gives the next message to `continuation`, now or when it has come; nil behind the last one. One reader at a time.
  func next(_ continuation: UnsafeContinuation<Result<[UInt8]?, RPCError>, Never>)
}

public import Protobuf
internal import Reactor
internal import Synchronization

/// The messages of a stream, in order. One reader at a time.
///
/// A task that runs on the stream's own loop reads without a lock. One that runs elsewhere is handed over all messages that have arrived at
/// once, so that the way between the threads is paid for by the batch and not by the message.
public struct MessageReader<Element: Message>: Sendable {
  private let source: LoopBound<any IncomingMessages>
  private let loop: EventLoop
  private let part: MessageRules.Part
  let ahead = HandedOver()

  init(source: LoopBound<any IncomingMessages>, part: MessageRules.Part) {
    self.source = source
    self.part = part
    loop = source.loop
  }

  /// Waits for the next message; nil when the peer has sent its last one.
  /// - Throws: `RPCError` when the call has ended otherwise or the message is not valid.
  public func next() async throws(RPCError) -> Element? {
    guard let bytes = try await nextBytes() else { return nil }
    let element: Element
    do throws(ProtobufError) {
      element = try Element(serialized: bytes)
    } catch {
      throw MessageRules.unreadable(part, error)
    }
    if part == .request { try element.refuseViolations() }
    return element
  }

  private func nextBytes() async throws(RPCError) -> [UInt8]? {
    if let message = ahead.next() { return message }
    let result = await withUnsafeContinuation { continuation in
      if loop.isCurrent {
        source.value.next(continuation)
      } else {
        loop.execute { [source, ahead] in ahead.fill(from: source.value, continuation) }
      }
    }
    return try result.get()
  }
}

/// Where a reader's messages come from. Loop-bound.
protocol IncomingMessages: AnyObject {
  /// Gives the next message to `continuation`, now or when it has come; nil behind the last one. One reader at a time.
  func next(_ continuation: UnsafeContinuation<Result<[UInt8]?, RPCError>, Never>)
  /// The messages that have arrived, as far as they may leave the loop together; none when there are none, or something else is wrong.
  func takeArrived() -> [[UInt8]]
}

/// Messages that were taken off the loop together and wait for a reader elsewhere.
final class HandedOver: Sendable {
  private struct State {
    var messages: [[UInt8]] = []
    var place = 0
    var batches = 0
  }

  private let state = Mutex(State())

  /// Bytes that leave the loop together, unless a single message has more: the peer's window is renewed for them before they are read.
  static let byteCount = 64 * 1024

  /// Ways between the threads so far.
  var batches: Int { state.withLock { $0.batches } }

  fileprivate func next() -> [UInt8]? {
    state.withLock { state in
      guard state.place < state.messages.count else { return nil }
      let message = state.messages[state.place]
      state.messages[state.place] = []
      state.place += 1
      if state.place == state.messages.count {
        state.messages = []
        state.place = 0
      }
      return message
    }
  }

  /// On the loop: takes what has arrived, and gives the first of it to the reader.
  fileprivate func fill(
    from source: any IncomingMessages, _ continuation: UnsafeContinuation<Result<[UInt8]?, RPCError>, Never>
  ) {
    let arrived = source.takeArrived()
    state.withLock { state in
      state.batches += 1
      if arrived.count > 1 {
        state.messages = arrived
        state.place = 1
      }
    }
    if let first = arrived.first {
      continuation.resume(returning: .success(first))
    } else {
      source.next(continuation)
    }
  }
}

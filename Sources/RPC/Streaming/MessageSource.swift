internal import HTTP2
internal import Reactor

/// Messages that arrived on a stream and wait for their reader. Loop-bound.
///
/// They wait in the form they came in, and the peer's window is not renewed for them: a reader that is behind holds no more bytes than the
/// window, however small the messages are.
final class MessageSource: IncomingMessages {
  private let stream: HTTP2Stream
  private let mayPause: Bool
  private var assembler: MessageAssembler
  /// Flow-control window kept back while the reader is behind.
  private var withheld = 0
  private var end: Result<Void, RPCError>?
  private var waiting: UnsafeContinuation<Result<[UInt8]?, RPCError>, Never>?

  /// Bytes of whole messages that may wait before the peer is slowed down.
  private static let highWaterMark = 64 * 1024

  /// - Parameter mayPause: whether the peer may leave the stream open for as long as it likes between messages.
  init(stream: HTTP2Stream, maximumMessageBytes: Int, mayPause: Bool = true) {
    self.stream = stream
    self.mayPause = mayPause
    stream.isRequestDue = !mayPause
    assembler = MessageAssembler(maximumMessageBytes: maximumMessageBytes)
  }

  /// Bytes that wait for the reader, or for the rest of their message.
  var heldByteCount: Int { assembler.pendingByteCount }

  /// Whether a message can be read without waiting for the peer.
  var hasMessage: Bool { assembler.hasMessage }

  func append(_ bytes: RawSpan) throws(RPCError) {
    guard end == nil else { return stream.consume(bytes.byteCount) }
    guard stream.hold(bytes.byteCount) else { throw .noRoom }
    bytes.withUnsafeBytes { assembler.append($0) }
    withheld += bytes.byteCount
    try assembler.check()
    if let continuation = waiting.take() {
      if let message = try takeMessage() {
        continuation.resume(returning: .success(message))
      } else {
        waiting = continuation
      }
    }
    renewWindow()
  }

  private func takeMessage() throws(RPCError) -> [UInt8]? {
    guard let message = try assembler.next({ [UInt8]($0) }) else { return nil }
    stream.release(MessageAssembler.prefixByteCount + message.count)
    return message
  }

  /// A message that has arrived in part gets its window, however large it is: nobody can read it before the rest is there.
  private func renewWindow() {
    let isBehind = assembler.hasMessage && assembler.pendingByteCount > Self.highWaterMark
    // While the window is kept back it is not the peer that is slow.
    stream.isRequestDue = (assembler.endsWithinMessage || !mayPause) && !isBehind
    guard withheld > 0, !isBehind else { return }
    let byteCount = withheld
    withheld = 0
    stream.consume(byteCount, ofMessage: assembler.partialMessageByteCount ?? 0)
  }

  /// The peer has sent its last message.
  func finish() {
    guard end == nil else { return }
    stop(
      assembler.endsWithinMessage
        ? .failure(.internal("the stream ends in the middle of a message")) : .success(()))
  }

  /// The server's status came: what arrived before it is still read.
  func finish(_ error: RPCError) {
    guard end == nil else { return }
    stop(.failure(error))
  }

  /// The call was ended from this side, or lost: nothing more is read.
  func fail(_ error: RPCError) {
    guard end == nil else { return }
    stream.release(assembler.pendingByteCount)
    assembler = MessageAssembler(maximumMessageBytes: assembler.maximumMessageBytes)
    stop(.failure(error))
  }

  private func stop(_ result: Result<Void, RPCError>) {
    end = result
    if let continuation = waiting.take() { continuation.resume(returning: result.map { nil }) }
  }

  /// Gives the next message to `continuation`, now or when it has come. One reader at a time.
  ///
  /// A reader that always finds a message never waits for anything, so it is made to wait for the loop's other work from time to time.
  func next(_ continuation: UnsafeContinuation<Result<[UInt8]?, RPCError>, Never>) {
    if assembler.hasMessage, let loop = EventLoop.current, loop.isTurnLong {
      loop.yield { self.give(continuation) }
    } else {
      give(continuation)
    }
  }

  func takeArrived() -> [[UInt8]] {
    var taken: [[UInt8]] = []
    var byteCount = 0
    // What is wrong with a message is told by `next`, behind those before it.
    while assembler.hasMessage, byteCount < HandedOver.byteCount, waiting == nil,
      let message = try? takeMessage()
    {
      taken.append(message)
      byteCount += message.count + MessageAssembler.prefixByteCount
    }
    renewWindow()
    return taken
  }

  private func give(_ continuation: UnsafeContinuation<Result<[UInt8]?, RPCError>, Never>) {
    do throws(RPCError) {
      if assembler.hasMessage, let message = try takeMessage() {
        renewWindow()
        continuation.resume(returning: .success(message))
      } else if let end {
        continuation.resume(returning: end.map { nil })
      } else if waiting != nil {
        throw .internal("two readers wait for the messages of one stream")
      } else {
        waiting = continuation
      }
    } catch {
      continuation.resume(returning: .failure(error))
    }
  }
}

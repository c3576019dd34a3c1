internal import HTTP2
internal import Reactor

/// Messages that arrived on a stream and wait for their reader. Loop-bound.
final class MessageSource {
  private let stream: HTTP2Stream
  private var assembler: MessageAssembler
  private var queue: [[UInt8]] = []
  private var queuedByteCount = 0
  /// Flow-control window kept back while the reader is behind.
  private var withheld = 0
  private var end: Result<Void, RPCError>?
  private var waiting: UnsafeContinuation<Result<[UInt8]?, RPCError>, Never>?

  /// Bytes that may wait before the peer is slowed down.
  private static let highWaterMark = 64 * 1024

  init(stream: HTTP2Stream, maximumMessageBytes: Int) {
    self.stream = stream
    assembler = MessageAssembler(maximumMessageBytes: maximumMessageBytes)
  }

  func append(_ bytes: RawSpan) throws(RPCError) {
    bytes.withUnsafeBytes { assembler.append($0) }
    while let message = try assembler.next({ [UInt8]($0) }) { deliver(message) }
    assembler.compact()
    if queuedByteCount > Self.highWaterMark {
      withheld += bytes.byteCount
    } else {
      stream.consume(bytes.byteCount)
    }
  }

  private func deliver(_ message: [UInt8]) {
    guard end == nil else { return }
    if let continuation = waiting.take() {
      continuation.resume(returning: .success(message))
    } else {
      queue.append(message)
      queuedByteCount += message.count
    }
  }

  /// The peer has sent its last message.
  func finish() {
    guard end == nil else { return }
    let whole = assembler.isEmpty
    stop(whole ? .success(()) : .failure(.internal("the stream ends in the middle of a message")))
  }

  /// The server's status came: what arrived before it is still read.
  func finish(_ error: RPCError) {
    guard end == nil else { return }
    stop(.failure(error))
  }

  /// The call was ended from this side, or lost: nothing more is read.
  func fail(_ error: RPCError) {
    guard end == nil else { return }
    queue = []
    queuedByteCount = 0
    stop(.failure(error))
  }

  private func stop(_ result: Result<Void, RPCError>) {
    end = result
    if let continuation = waiting.take() { continuation.resume(returning: result.map { nil }) }
  }

  /// Gives the next message to `continuation`, now or when it has come. One reader at a time.
  func next(_ continuation: UnsafeContinuation<Result<[UInt8]?, RPCError>, Never>) {
    if !queue.isEmpty {
      let message = queue.removeFirst()
      queuedByteCount -= message.count
      if queuedByteCount <= Self.highWaterMark, withheld > 0 {
        stream.consume(withheld)
        withheld = 0
      }
      continuation.resume(returning: .success(message))
    } else if let end {
      continuation.resume(returning: end.map { nil })
    } else if waiting != nil {
      continuation.resume(returning: .failure(.internal("two readers wait for the messages of one stream")))
    } else {
      waiting = continuation
    }
  }
}

public import Protobuf
internal import HTTP2
internal import Reactor

/// Sends the messages of a stream, in order, no faster than the peer reads.
public struct MessageWriter<Element: Message>: Sendable {
  private let sink: LoopBound<any MessageSink>
  private let loop: EventLoop

  init(sink: LoopBound<any MessageSink>) {
    self.sink = sink
    loop = sink.loop
  }

  /// Sends a message and waits while the peer is behind.
  /// - Returns: false when the server has ended the call with OK and wants no more messages; always true at the server's side.
  /// - Throws: `RPCError` when the call has ended otherwise or the message cannot be encoded.
  @discardableResult
  public func send(_ message: Element) async throws(RPCError) -> Bool {
    let bytes = try OutgoingMessage.encode(message)
    let result = await withUnsafeContinuation { continuation in
      if loop.isCurrent {
        sink.value.send(bytes, continuation)
      } else {
        loop.execute { sink.value.send(bytes, continuation) }
      }
    }
    return try result.get()
  }
}

/// Where a writer's messages go. Loop-bound.
protocol MessageSink: AnyObject {
  /// Resumes `continuation` when the message is on its way and the next one may come.
  func send(_ message: [UInt8], _ continuation: UnsafeContinuation<Result<Bool, RPCError>, Never>)
}

/// Messages in the form they have on a stream.
@usableFromInline
enum OutgoingMessage {
  @usableFromInline static let prefixByteCount = MessageAssembler.prefixByteCount

  /// The serialized message behind its prefix.
  @inlinable
  static func encode(_ message: some Message, arena: Arena = Arena()) throws(RPCError) -> [UInt8] {
    do throws(ProtobufError) {
      return take(try message.serialize(into: arena, prefix: prefixByteCount), from: arena)
    } catch {
      throw .internal("the message cannot be encoded: \(error)")
    }
  }

  /// Writes the prefix and copies the bytes out of the arena, which is reset.
  @usableFromInline
  static func take(_ bytes: UnsafeMutableRawBufferPointer, from arena: Arena) -> [UInt8] {
    if let start = bytes.baseAddress {
      MessageAssembler.writePrefix(length: bytes.count - MessageAssembler.prefixByteCount, to: start)
    }
    defer { arena.reset() }
    return [UInt8](bytes)
  }

  /// Serialized bytes behind their prefix.
  static func frame(_ message: [UInt8]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: message.count + MessageAssembler.prefixByteCount) { buffer, count in
      let memory = UnsafeMutableRawBufferPointer(buffer)
      if let start = memory.baseAddress { MessageAssembler.writePrefix(length: message.count, to: start) }
      memory[MessageAssembler.prefixByteCount...].copyBytes(from: message)
      count = buffer.count
    }
  }
}

/// Writers that wait for a stream's buffer to empty.
struct SendQueue {
  private var waiting: [UnsafeContinuation<Result<Bool, RPCError>, Never>] = []

  mutating func wait(_ continuation: UnsafeContinuation<Result<Bool, RPCError>, Never>) {
    waiting.append(continuation)
  }

  mutating func resumeAll(_ result: Result<Bool, RPCError>) {
    let resumed = waiting
    waiting = []
    for continuation in resumed { continuation.resume(returning: result) }
  }
}

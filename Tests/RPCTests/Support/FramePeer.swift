import Reactor
import TestSupport

/// A client made of frames, which keeps to flow control and to nothing else: it answers PINGs, so that it seems alive, and reads replies
/// only as far as a test gives window for them. Loop-bound.
final class FramePeer: TCPConnectionDelegate {
  let tcp: TCPConnection
  private var pending: [UInt8] = []
  private var window = 65_535
  private var streamWindows: [UInt32: Int] = [:]
  private var initialWindow = 65_535
  private var unsent: [(stream: UInt32, bytes: [UInt8], offset: Int, ends: Bool)] = []
  /// Codes of RST_STREAM by stream.
  private(set) var resets: [UInt32: UInt32] = [:]
  /// Streams the server has ended.
  private(set) var ended: Set<UInt32> = []
  private(set) var goAway: UInt32?
  private(set) var isClosed = false
  /// Bytes of DATA that arrived.
  private(set) var bodyByteCount = 0
  /// Bytes that could be sent in all.
  private(set) var sentByteCount = 0

  private init(_ tcp: TCPConnection, settings: [(UInt16, UInt32)]) {
    self.tcp = tcp
    // Before anything arrives.
    tcp.delegate = self
    let payload = settings.flatMap {
      HTTP2Frame.bigEndian(Int($0.0), byteCount: 2) + HTTP2Frame.bigEndian(Int($0.1), byteCount: 4)
    }
    tcp.write(HTTP2Frame.preface)
    send(HTTP2Frame(HTTP2Frame.Kind.settings, payload))
  }

  /// - Parameter settings: identifiers and values of the client's SETTINGS.
  static func connect(
    to address: SocketAddress, on loop: EventLoop, settings: [(UInt16, UInt32)] = []
  ) async throws -> LoopBound<FramePeer> {
    try await withCheckedThrowingContinuation { continuation in
      loop.execute {
        TCPConnection.connect(loop: loop, address: address, timeout: .seconds(20)) { result in
          continuation.resume(with: result.map { LoopBound(FramePeer($0, settings: settings), loop: loop) })
        }
      }
    }
  }

  func send(_ frames: HTTP2Frame...) { tcp.write(frames.flatMap(\.bytes)) }

  /// HEADERS of a gRPC request, as one frame.
  static func request(_ path: String, on stream: UInt32, ends: Bool = false, extra: [(String, String)] = [])
    -> HTTP2Frame
  {
    var flags = HTTP2Frame.Flag.endHeaders
    if ends { flags |= HTTP2Frame.Flag.endStream }
    return HTTP2Frame(HTTP2Frame.Kind.headers, flags: flags, on: stream, block(path, extra: extra))
  }

  /// A header block without compression (RFC 7541 §6.2.2).
  static func block(_ path: String, extra: [(String, String)] = []) -> [UInt8] {
    var fields: [(String, String)] = RawCall.lawful.map { ($0.key, $0.key == ":path" ? path : $0.value) }
    fields += extra
    return fields.flatMap { [0] + text($0.0) + text($0.1) }
  }

  private static func text(_ text: String) -> [UInt8] {
    let bytes = [UInt8](text.utf8)
    guard bytes.count >= 127 else { return [UInt8(bytes.count)] + bytes }
    var length: [UInt8] = [127]
    var rest = bytes.count - 127
    while rest >= 128 {
      length.append(UInt8(rest % 128) | 128)
      rest /= 128
    }
    return length + [UInt8(rest)] + bytes
  }

  /// Sends body as soon as the server's windows let it.
  func sendBody(_ bytes: [UInt8], on stream: UInt32, ends: Bool = false) {
    unsent.append((stream, bytes, 0, ends))
    pump()
  }

  private func pump() {
    for index in unsent.indices {
      var item = unsent[index]
      let streamWindow = streamWindows[item.stream] ?? initialWindow
      var left = min(window, streamWindow, item.bytes.count - item.offset)
      while left > 0 {
        let count = min(left, 16_384)
        let part = Array(item.bytes[item.offset..<item.offset + count])
        item.offset += count
        left -= count
        window -= count
        streamWindows[item.stream] = (streamWindows[item.stream] ?? initialWindow) - count
        sentByteCount += count
        let isLast = item.ends && item.offset == item.bytes.count
        send(HTTP2Frame(HTTP2Frame.Kind.data, flags: isLast ? HTTP2Frame.Flag.endStream : 0, on: item.stream, part))
      }
      unsent[index] = item
      if window == 0 { break }
    }
    unsent.removeAll { $0.offset == $0.bytes.count || resets[$0.stream] != nil || ended.contains($0.stream) }
  }

  func received(_ bytes: RawSpan, from connection: TCPConnection) {
    bytes.withUnsafeBytes { pending.append(contentsOf: $0) }
    let frames = HTTP2Frame.parse(pending)
    pending.removeFirst(frames.reduce(0) { $0 + 9 + $1.payload.count })
    for frame in frames { note(frame) }
    pump()
  }

  private func note(_ frame: HTTP2Frame) {
    func number(_ range: Range<Int>) -> UInt32 { frame.payload[range].reduce(0) { $0 << 8 | UInt32($1) } }
    switch frame.kind {
    case HTTP2Frame.Kind.data: bodyByteCount += frame.payload.count
    case HTTP2Frame.Kind.resetStream: resets[frame.streamID] = number(0..<4)
    case HTTP2Frame.Kind.goAway: goAway = number(4..<8)
    case HTTP2Frame.Kind.ping where frame.flags & HTTP2Frame.Flag.acknowledgement == 0:
      send(HTTP2Frame(HTTP2Frame.Kind.ping, flags: HTTP2Frame.Flag.acknowledgement, frame.payload))
    case HTTP2Frame.Kind.settings where frame.flags & HTTP2Frame.Flag.acknowledgement == 0:
      for start in stride(from: 0, to: frame.payload.count, by: 6) where number(start..<start + 2) == 4 {
        initialWindow = Int(number(start + 2..<start + 6))
      }
      send(HTTP2Frame(HTTP2Frame.Kind.settings, flags: HTTP2Frame.Flag.acknowledgement))
    case HTTP2Frame.Kind.windowUpdate:
      let change = Int(number(0..<4))
      if frame.streamID == 0 {
        window += change
      } else {
        streamWindows[frame.streamID] = (streamWindows[frame.streamID] ?? initialWindow) + change
      }
    default: break
    }
    let ends = frame.kind == HTTP2Frame.Kind.data || frame.kind == HTTP2Frame.Kind.headers
    if ends, frame.flags & HTTP2Frame.Flag.endStream != 0 { ended.insert(frame.streamID) }
  }

  func closed(_ connection: TCPConnection, error: ReactorError?) { isClosed = true }
}

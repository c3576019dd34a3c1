/// A frame of HTTP/2 as bytes (RFC 9113 §4.1), for tests that send what our engine would not.
public struct HTTP2Frame: Sendable, Equatable {
  public enum Kind {
    public static let data: UInt8 = 0
    public static let headers: UInt8 = 1
    public static let priority: UInt8 = 2
    public static let resetStream: UInt8 = 3
    public static let settings: UInt8 = 4
    public static let pushPromise: UInt8 = 5
    public static let ping: UInt8 = 6
    public static let goAway: UInt8 = 7
    public static let windowUpdate: UInt8 = 8
    public static let continuation: UInt8 = 9
  }

  public enum Flag {
    public static let acknowledgement: UInt8 = 0x1
    public static let endStream: UInt8 = 0x1
    public static let endHeaders: UInt8 = 0x4
    public static let padded: UInt8 = 0x8
    public static let priority: UInt8 = 0x20
  }

  public static let preface = [UInt8]("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

  public var kind: UInt8
  public var flags: UInt8
  public var streamID: UInt32
  public var payload: [UInt8]

  public init(_ kind: UInt8, flags: UInt8 = 0, on streamID: UInt32 = 0, _ payload: [UInt8] = []) {
    self.kind = kind
    self.flags = flags
    self.streamID = streamID
    self.payload = payload
  }

  public var bytes: [UInt8] {
    Self.bigEndian(payload.count, byteCount: 3) + [kind, flags] + Self.bigEndian(Int(streamID), byteCount: 4) + payload
  }

  public static func bigEndian(_ value: Int, byteCount: Int) -> [UInt8] {
    (0..<byteCount).map { UInt8(truncatingIfNeeded: value >> (8 * (byteCount - 1 - $0))) }
  }

  /// The whole frames that the bytes hold; no preface before them.
  public static func parse(_ bytes: [UInt8]) -> [HTTP2Frame] {
    var frames: [HTTP2Frame] = []
    var rest = bytes[...]
    while rest.count >= 9 {
      let head = Array(rest.prefix(9))
      let length = head[..<3].reduce(0) { $0 << 8 | Int($1) }
      guard rest.count >= 9 + length else { break }
      let streamID = head[5...].reduce(0) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
      frames.append(HTTP2Frame(head[3], flags: head[4], on: streamID, Array(rest.dropFirst(9).prefix(length))))
      rest = rest.dropFirst(9 + length)
    }
    return frames
  }

  /// The same content with as many bytes of padding (RFC 9113 §6.1). For DATA and HEADERS without padding.
  public func padded(by count: UInt8) -> HTTP2Frame {
    var frame = self
    frame.flags |= Flag.padded
    frame.payload = [count] + payload + [UInt8](repeating: 0, count: Int(count))
    return frame
  }

  /// HEADERS without padding as HEADERS and as many CONTINUATION frames, the last of which has all that is left.
  public func continued(in count: Int) -> [HTTP2Frame] {
    let share = payload.count / (count + 1)
    return (0...count).map { index in
      let part = payload.dropFirst(index * share)
      return HTTP2Frame(
        index == 0 ? kind : Kind.continuation,
        flags: (index == 0 ? flags & ~Flag.endHeaders : 0) | (index == count ? Flag.endHeaders : 0), on: streamID,
        Array(index == count ? part : part.prefix(share)))
    }
  }

  /// DATA without padding as frames of at most that length.
  public func cut(into count: Int) -> [HTTP2Frame] {
    var frames: [HTTP2Frame] = []
    var rest = payload[...]
    while rest.count > count {
      frames.append(HTTP2Frame(kind, on: streamID, Array(rest.prefix(count))))
      rest = rest.dropFirst(count)
    }
    return frames + [HTTP2Frame(kind, flags: flags, on: streamID, Array(rest))]
  }

  /// DATA that leaves the end of the stream to an empty frame behind it.
  public func endedByEmptyFrame() -> [HTTP2Frame] {
    var first = self
    first.flags &= ~Flag.endStream
    return [first, HTTP2Frame(Kind.data, flags: Flag.endStream, on: streamID)]
  }
}

extension HTTP2Frame {
  /// HEADERS whose block has each field as a literal that leaves the dynamic table alone (RFC 7541 §6.2.2). Names and values are shorter
  /// than 127 bytes.
  public static func headers(
    on streamID: UInt32, _ fields: [(String, String)], flags: UInt8 = Flag.endHeaders | Flag.endStream
  ) -> HTTP2Frame {
    HTTP2Frame(Kind.headers, flags: flags, on: streamID, fields.flatMap { literal($0.0, $0.1) })
  }

  public static func literal(_ name: String, _ value: String) -> [UInt8] {
    [0, UInt8(name.utf8.count)] + Array(name.utf8) + [UInt8(value.utf8.count)] + Array(value.utf8)
  }

  public static func data(on streamID: UInt32, _ bytes: [UInt8], flags: UInt8 = 0) -> HTTP2Frame {
    HTTP2Frame(Kind.data, flags: flags, on: streamID, bytes)
  }

  public static func windowUpdate(on streamID: UInt32, _ increment: Int) -> HTTP2Frame {
    HTTP2Frame(Kind.windowUpdate, on: streamID, bigEndian(increment, byteCount: 4))
  }

  public static func settings(_ values: [(UInt16, UInt32)] = []) -> HTTP2Frame {
    HTTP2Frame(
      Kind.settings, on: 0, values.flatMap { bigEndian(Int($0.0), byteCount: 2) + bigEndian(Int($0.1), byteCount: 4) })
  }

  public static let settingsAcknowledgement = HTTP2Frame(Kind.settings, flags: Flag.acknowledgement)

  public static func reset(on streamID: UInt32, code: UInt32) -> HTTP2Frame {
    HTTP2Frame(Kind.resetStream, on: streamID, bigEndian(Int(code), byteCount: 4))
  }
}

/// Lawful ways to cut the same exchange into frames.
public enum FrameShape: String, Sendable, CaseIterable {
  case asSent, padded, continued, cut, cutAndPadded, endedByEmptyFrame

  public func apply(to frames: [HTTP2Frame]) -> [HTTP2Frame] {
    frames.flatMap { frame -> [HTTP2Frame] in
      let isData = frame.kind == HTTP2Frame.Kind.data
      let isHeaders = frame.kind == HTTP2Frame.Kind.headers
      let ends = frame.flags & HTTP2Frame.Flag.endStream != 0
      return switch self {
      case .padded where isData || isHeaders: [frame.padded(by: 5)]
      case .continued where isHeaders: frame.continued(in: 1)
      case .cut where isData: frame.cut(into: 7)
      case .cutAndPadded where isData: frame.cut(into: 20).map { $0.padded(by: 3) }
      case .endedByEmptyFrame where isData && ends: frame.endedByEmptyFrame()
      default: [frame]
      }
    }
  }
}

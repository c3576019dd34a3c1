/// Reads nothing but the headers of the frames that arrive, ahead of the engine, to tell frames that move something forward from
/// those that do not. The engine itself drops some kinds (PRIORITY, unknown types, RST_STREAM of a closed stream) without a word,
/// so that they can neither be counted nor be checked behind it.
struct FrameObserver {
  struct Tally: Equatable {
    /// HEADERS, and DATA that carries something.
    var useful = 0
    /// Everything else, but CONTINUATION.
    var idle = 0
    /// Most CONTINUATION frames that a header block has had so far.
    var continuations = 0
    /// PRIORITY that names no stream, which the engine does not look at (RFC 9113 §6.3).
    var hasPriorityWithoutStream = false
  }

  /// Bytes to pass over: the client's preface, then each frame's payload.
  private var skip: Int
  /// The part of a header that has arrived, and how many bytes that is.
  private var header: UInt64 = 0
  private var streamID: UInt32 = 0
  private var headerCount = 0
  /// CONTINUATION frames since the last HEADERS.
  private var continuations = 0
  /// Header blocks that have begun.
  private(set) var headerBlockCount = 0
  /// Whether the frames so far leave a header block open, and whether the last one belongs to a block.
  private var isHeaderBlockOpen = false
  private var isHeaderFrame = false

  /// Length (3), type and flags; the stream's number follows them.
  private static let partBeforeStreamByteCount = 5
  private static let headerByteCount = 9

  init(role: HTTP2Session.Role) {
    skip = role == .server ? 24 : 0
  }

  /// Whether the bytes so far end within a header block.
  var isWithinHeaderBlock: Bool { isHeaderBlockOpen || isHeaderFrame && skip > 0 }

  mutating func observe(_ bytes: UnsafeRawBufferPointer) -> Tally {
    var tally = Tally()
    var offset = 0
    while offset < bytes.count {
      if skip > 0 {
        let step = min(skip, bytes.count - offset)
        skip -= step
        offset += step
        continue
      }
      if headerCount == 0, bytes.count - offset >= Self.headerByteCount {
        let start = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self).bigEndian
        header = UInt64(start) << 8 | UInt64(bytes[offset + 4])
        streamID =
          bytes.loadUnaligned(fromByteOffset: offset + Self.partBeforeStreamByteCount, as: UInt32.self).bigEndian
        offset += Self.headerByteCount
        endHeader(&tally)
        continue
      }
      if headerCount < Self.partBeforeStreamByteCount {
        header = header << 8 | UInt64(bytes[offset])
      } else {
        streamID = streamID << 8 | UInt32(bytes[offset])
      }
      headerCount += 1
      offset += 1
      if headerCount == Self.headerByteCount { endHeader(&tally) }
    }
    return tally
  }

  private mutating func endHeader(_ tally: inout Tally) {
    let length = Int(header >> 16 & 0xFF_FFFF)
    let isPadded = header & 0x8 != 0
    let kind = header >> 8 & 0xFF
    isHeaderFrame = kind == 1 || kind == 9
    if isHeaderFrame { isHeaderBlockOpen = header & 0x4 == 0 }
    if kind == 1 { headerBlockCount += 1 }
    switch kind {
    case 0:
      // A padded frame that could be padding only counts as empty.
      if length > (isPadded ? 256 : 0) { tally.useful += 1 } else { tally.idle += 1 }
    case 1:
      tally.useful += 1
      continuations = 0
    case 9:
      continuations += 1
      tally.continuations = max(tally.continuations, continuations)
    case 2:
      tally.idle += 1
      // The first bit is reserved and not looked at (RFC 9113 §4.1).
      if streamID & 0x7FFF_FFFF == 0 { tally.hasPriorityWithoutStream = true }
    default: tally.idle += 1
    }
    skip = length
    header = 0
    headerCount = 0
  }
}

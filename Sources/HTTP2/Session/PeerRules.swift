/// How far the peer lets us send: what a change of SETTINGS_INITIAL_WINDOW_SIZE has to be held against.
struct PeerWindows: Equatable {
  var initial: Int
  /// Of the streams that are open.
  var largest: Int

  static let maximum = Int(Int32.max)

  /// Whether the change takes the window of a stream over its maximum, which ends the connection (RFC 9113 §6.9.2).
  func overflow(whenInitialBecomes new: Int) -> Bool {
    largest + new - initial > Self.maximum
  }
}

/// The numbers that a client has passed over when it opened its streams: they are closed, and may not be opened afterwards (RFC 9113 §5.1.1).
struct SkippedStreams {
  private var last: Int32 = -1
  /// In rising order. The latest ones only: lawful clients pass over none, or a few before their first stream.
  private var ranges: [ClosedRange<Int32>] = []

  static let maximumRangeCount = 16

  mutating func opened(_ id: Int32) {
    // Even numbers are not a client's.
    guard id > last, id & 1 == 1 else { return }
    if id > last + 2 {
      if ranges.count == Self.maximumRangeCount { ranges.removeFirst() }
      ranges.append(last + 2...id - 2)
    }
    last = id
  }

  @inline(__always)
  func contains(_ id: Int32) -> Bool {
    !ranges.isEmpty && ranges.contains { $0.contains(id) }
  }
}

internal import Reactor

/// Whom to give up when there is no room left: the slowest first. Pure.
enum Eviction {
  struct Candidate: Equatable {
    let index: Int
    /// What giving it up sets free.
    let byteCount: Int
    /// When a byte of it moved last.
    let lastMoved: Instant
  }

  /// The candidates to give up, in order, until at least `byteCount` bytes are free or no candidate is left. Those that have not moved for
  /// the longest time go first, among equals the largest. What holds nothing stays.
  static func victims(_ candidates: [Candidate], toFree byteCount: Int) -> [Int] {
    let order = candidates.filter { $0.byteCount > 0 }.sorted {
      ($0.lastMoved.nanoseconds, -$0.byteCount, $0.index) < ($1.lastMoved.nanoseconds, -$1.byteCount, $1.index)
    }
    var chosen: [Int] = []
    var freed = 0
    for candidate in order {
      guard freed < byteCount else { break }
      freed += candidate.byteCount
      chosen.append(candidate.index)
    }
    return chosen
  }
}

public import ServiceKit
import Synchronization

/// A clock whose hands a test turns.
public final class TestClock: Sendable {
  private let shift = Atomic<Int64>(0)
  private let start: WallTime?

  /// - Parameter start: where it stands still until it is advanced; nil goes along with the machine's clock.
  public init(at start: WallTime? = nil) { self.start = start }

  public func advance(by duration: Duration) {
    let (seconds, attoseconds) = duration.components
    shift.add(seconds * 1_000_000 + attoseconds / 1_000_000_000_000, ordering: .sequentiallyConsistent)
  }

  public var clock: WallClock {
    WallClock { [self] in
      WallTime(
        microseconds: (start ?? WallClock.system.now).microseconds + shift.load(ordering: .sequentiallyConsistent))
    }
  }
}

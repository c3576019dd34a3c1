internal import Synchronization

/// A number that only grows. Any thread may add; nobody waits.
public final class Counter: Sendable {
  private let total = Atomic<UInt64>(0)

  public init() {}

  @inline(__always)
  public func add(_ amount: UInt64 = 1) {
    total.wrappingAdd(amount, ordering: .relaxed)
  }

  public var value: UInt64 { total.load(ordering: .relaxed) }
}

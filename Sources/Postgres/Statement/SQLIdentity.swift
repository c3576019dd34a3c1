internal import Synchronization

/// Numbers for composed statements. The top bit keeps them apart from addresses.
enum SQLIdentity {
  private static let last = Atomic<UInt>(0)

  static func next() -> UInt {
    last.wrappingAdd(1, ordering: .relaxed).newValue | 1 << (UInt.bitWidth - 1)
  }
}

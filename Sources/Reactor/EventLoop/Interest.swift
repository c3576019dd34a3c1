internal import CLinux

/// What a descriptor is watched for, and what was seen on it.
public struct Interest: OptionSet, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let read = Interest(rawValue: cl_epoll_in)
  public static let write = Interest(rawValue: cl_epoll_out)
  /// The peer closed its sending side. Watched for only when asked.
  public static let inputClosed = Interest(rawValue: cl_epoll_rdhup)
  /// Both sides are closed. Always reported.
  public static let hangup = Interest(rawValue: cl_epoll_hup)
  /// An error is pending on the descriptor. Always reported.
  public static let error = Interest(rawValue: cl_epoll_err)
}

/// Told on the loop's thread what a watched descriptor is ready for. Level-triggered: what is not consumed is told again.
public protocol ReadinessHandler: AnyObject {
  func ready(_ events: Interest)
}

/// Something with output to write once everything of this loop turn has been decided.
public protocol Flushable: AnyObject {
  func flush()
}

/// A watched descriptor. The watch does not own the descriptor: unwatch first, then close.
public struct Watch: Sendable {
  let slot: Int32
  let generation: UInt32
  public let descriptor: Int32
}

/// Which handler a readiness event is for. The generation makes an event that was fetched before `unwatch` harmless when the
/// slot (or the descriptor number) is already somebody else's.
struct WatchTable {
  private struct Slot {
    var handler: (any ReadinessHandler)?
    var generation: UInt32 = 0
  }

  private var slots: [Slot] = []
  private var free: [Int32] = []
  private(set) var count = 0

  mutating func insert(_ handler: any ReadinessHandler, descriptor: Int32) -> Watch {
    count += 1
    if let index = free.popLast() {
      slots[Int(index)].handler = handler
      return Watch(slot: index, generation: slots[Int(index)].generation, descriptor: descriptor)
    }
    slots.append(Slot(handler: handler))
    return Watch(slot: Int32(slots.count - 1), generation: 0, descriptor: descriptor)
  }

  mutating func remove(_ watch: Watch) -> Bool {
    let index = Int(watch.slot)
    guard index < slots.count, slots[index].generation == watch.generation, slots[index].handler != nil else {
      return false
    }
    slots[index].handler = nil
    slots[index].generation &+= 1
    free.append(watch.slot)
    count -= 1
    return true
  }

  func handler(for key: UInt64) -> (any ReadinessHandler)? {
    let index = Int(key & 0xffff_ffff)
    guard index < slots.count, slots[index].generation == UInt32(key >> 32) else { return nil }
    return slots[index].handler
  }

  /// Every handler still watched, for the end of the loop.
  var handlers: [any ReadinessHandler] { slots.compactMap(\.handler) }
}

extension Watch {
  /// What epoll carries for us with each event.
  var key: UInt64 { UInt64(generation) << 32 | UInt64(UInt32(bitPattern: slot)) }
}

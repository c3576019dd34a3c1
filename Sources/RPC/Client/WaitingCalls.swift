internal import DequeModule

/// Calls that wait for a connection to take them, first come first served. A call that gives up is passed over, and the places of those that
/// did are taken away once they are the larger part: so leaving costs next to nothing, and what has left is not held for long.
struct WaitingCalls<Element: AnyObject> {
  private var queue = Deque<Element>()
  private var gone = 0

  /// Places of calls that left which are not worth tidying up.
  private static var tidyingThreshold: Int { 32 }

  /// Calls that wait.
  var count: Int { queue.count - gone }
  var isEmpty: Bool { count == 0 }
  /// Places that are taken, by calls that wait and calls that left.
  var placeCount: Int { queue.count }

  mutating func append(_ call: Element) { queue.append(call) }

  /// A call of the queue, which `isWaiting` is false for from now on, has left.
  mutating func left(isWaiting: (Element) -> Bool) {
    gone += 1
    guard gone > Self.tidyingThreshold, gone * 2 > queue.count else { return }
    queue.removeAll { !isWaiting($0) }
    gone = 0
  }

  /// Takes the first one that waits.
  mutating func popFirst(isWaiting: (Element) -> Bool) -> Element? {
    while let call = queue.popFirst() {
      if isWaiting(call) { return call }
      gone -= 1
    }
    return nil
  }

  /// Puts one back that was taken.
  mutating func prepend(_ call: Element) { queue.prepend(call) }

  /// Takes all that wait, in order.
  mutating func popAll(isWaiting: (Element) -> Bool) -> [Element] {
    defer {
      queue = []
      gone = 0
    }
    return queue.filter(isWaiting)
  }
}

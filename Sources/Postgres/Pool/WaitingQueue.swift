/// Who waits, in order. Whoever leaves, from wherever, is gone at once: adding, taking and leaving cost O(1).
struct WaitingQueue<Element: Hashable> {
  private struct Node {
    var element: Element?
    var previous: Int
    var next: Int
  }

  /// Neighbours by index: node 0 stands before the first and behind the last.
  private var nodes = [Node(element: nil, previous: 0, next: 0)]
  private var places: [Element: Int] = [:]
  private var free: [Int] = []

  /// How many have waited at the same time at most: the room it takes.
  var room: Int { nodes.count - 1 }
  var count: Int { places.count }
  var isEmpty: Bool { places.isEmpty }
  var first: Element? { nodes[nodes[0].next].element }

  func contains(_ element: Element) -> Bool { places[element] != nil }

  /// Adds an element that is not in the queue at its end.
  mutating func append(_ element: Element) {
    insert(element, after: nodes[0].previous)
  }

  /// Adds an element that is not in the queue before all others.
  mutating func prepend(_ element: Element) {
    insert(element, after: 0)
  }

  mutating func popFirst() -> Element? {
    guard let first else { return nil }
    remove(first)
    return first
  }

  /// - Returns: false when it is not in the queue.
  @discardableResult
  mutating func remove(_ element: Element) -> Bool {
    guard let place = places.removeValue(forKey: element) else { return false }
    let node = nodes[place]
    nodes[node.previous].next = node.next
    nodes[node.next].previous = node.previous
    nodes[place].element = nil
    free.append(place)
    return true
  }

  /// Empties the queue and gives what was in it, in order.
  mutating func removeAll() -> [Element] {
    var all: [Element] = []
    all.reserveCapacity(count)
    while let next = popFirst() { all.append(next) }
    return all
  }

  private mutating func insert(_ element: Element, after previous: Int) {
    precondition(places[element] == nil, "it waits already")
    let next = nodes[previous].next
    let node = Node(element: element, previous: previous, next: next)
    let place: Int
    if let reused = free.popLast() {
      place = reused
      nodes[place] = node
    } else {
      place = nodes.count
      nodes.append(node)
    }
    nodes[previous].next = place
    nodes[next].previous = place
    places[element] = place
  }
}

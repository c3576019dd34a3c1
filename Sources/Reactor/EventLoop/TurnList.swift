/// What has been asked for since the last turn, and what is being worked off now: two arrays that change places, so that a turn allocates
/// nothing and what is added meanwhile waits for the next one.
struct TurnList<Element> {
  private var added: [Element] = []
  private(set) var taken: [Element] = []

  /// A burst larger than this gives its memory back.
  private static var keptCapacity: Int { 4096 }

  var isEmpty: Bool { added.isEmpty }

  mutating func append(_ element: Element) {
    added.append(element)
  }

  /// Makes `taken` what was added. False when that is nothing, or when the last elements taken are still worked on.
  mutating func take() -> Bool {
    guard !added.isEmpty, taken.isEmpty else { return false }
    swap(&added, &taken)
    return true
  }

  mutating func done() {
    taken.removeAll(keepingCapacity: taken.capacity <= Self.keptCapacity)
  }
}

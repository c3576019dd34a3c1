/// A regular expression as a table: one step a byte, no backtracking, no memory, whatever the text.
///
/// It takes the part of RE2's syntax that has no need of a search engine: literals, classes, groups, alternatives, repetitions, and `^`
/// and `$` at the ends of the whole. Like RE2 it finds the pattern anywhere in the text unless it is anchored, and `\d`, `\w`, `\s`
/// mean ASCII.
public struct TextPattern: Sendable {
  /// By byte: which column of `next` it leads to. Bytes that no part of the pattern tells apart share one.
  private let columns: [UInt8]
  private let columnCount: Int
  /// By state and column: the state after that byte. State 0 is the dead end, 1 the start.
  private let next: [UInt16]
  private let isAccepting: [Bool]

  /// Why a text is no pattern.
  public struct Fault: Error, CustomStringConvertible, Sendable {
    public let description: String
  }

  /// Most states of the table.
  static let longestTable = 4096

  /// For patterns that stand in the program; one with a fault is a programmer's error.
  public init(_ pattern: String) {
    do {
      try self.init(checking: pattern)
    } catch {
      preconditionFailure("the pattern \(pattern): \(error)")
    }
  }

  public init(checking pattern: String) throws(Fault) {
    let automaton = try PatternParser.automaton(of: pattern)
    columns = automaton.columns
    columnCount = Int(automaton.columns.max() ?? 0) + 1
    (next, isAccepting) = try automaton.table(columnCount: columnCount)
  }

  /// Whether the text holds what the pattern describes.
  public func matches(_ text: String) -> Bool {
    if let answer = text.utf8.withContiguousStorageIfAvailable({ matches($0) }) { return answer }
    return matches(text.utf8)
  }

  @inline(__always)
  private func matches(_ bytes: some Sequence<UInt8>) -> Bool {
    var state = 1
    for byte in bytes {
      state = Int(next[state &* columnCount &+ Int(columns[Int(byte)])])
      if state == 0 { return false }
    }
    return isAccepting[state]
  }
}

/// A nondeterministic automaton over bytes.
struct PatternAutomaton {
  struct State {
    /// Steps that take a byte.
    var steps: [(range: ClosedRange<UInt8>, target: Int)] = []
    /// Steps that take nothing.
    var jumps: [Int] = []
  }

  var states: [State] = []
  var start = 0
  var end = 0

  /// Numbers the bytes so that those which every step treats alike have the same number.
  var columns: [UInt8] {
    var isBoundary = [Bool](repeating: false, count: 257)
    for step in states.flatMap(\.steps) {
      isBoundary[Int(step.range.lowerBound)] = true
      isBoundary[Int(step.range.upperBound) + 1] = true
    }
    var column: UInt8 = 0
    return (0..<256).map { byte in
      if byte > 0, isBoundary[byte] { column += 1 }
      return column
    }
  }

  /// The deterministic automaton by the subset construction.
  func table(columnCount: Int) throws(TextPattern.Fault) -> (next: [UInt16], isAccepting: [Bool]) {
    let columns = columns
    let samples = (0..<columnCount).map { column in UInt8(columns.firstIndex(of: UInt8(column)) ?? 0) }
    var numbers: [Set<Int>: UInt16] = [[]: 0]
    var sets: [Set<Int>] = [[], closure([start])]
    numbers[sets[1]] = 1
    var next = [UInt16](repeating: 0, count: columnCount)
    var position = 1
    while position < sets.count {
      for byte in samples {
        let targets = sets[position].flatMap { state in
          states[state].steps.filter { $0.range.contains(byte) }.map(\.target)
        }
        let set = closure(targets)
        if numbers[set] == nil {
          guard sets.count < TextPattern.longestTable else {
            throw TextPattern.Fault(description: "it needs more than \(TextPattern.longestTable) states")
          }
          numbers[set] = UInt16(sets.count)
          sets.append(set)
        }
        next.append(numbers[set] ?? 0)
      }
      position += 1
    }
    return (next, sets.map { $0.contains(end) })
  }

  /// All states that can be reached without taking a byte.
  private func closure(_ from: [Int]) -> Set<Int> {
    var result: Set<Int> = []
    var waiting = from
    while let state = waiting.popLast() {
      if result.insert(state).inserted { waiting += states[state].jumps }
    }
    return result
  }
}

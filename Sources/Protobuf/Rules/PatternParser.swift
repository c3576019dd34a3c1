/// Reads a pattern into an automaton over the bytes of UTF-8.
struct PatternParser {
  private typealias Fault = TextPattern.Fault
  private typealias Scalars = ClosedRange<UInt32>

  private indirect enum Node {
    /// One scalar of these ranges.
    case scalars([Scalars])
    case sequence([Node])
    case alternatives([Node])
    /// `upper` nil: without end.
    case repetition(Node, lower: Int, upper: Int?)
  }

  private var rest: ArraySlice<Unicode.Scalar>
  private var depth = 0

  private static let lastScalar: UInt32 = 0x10ffff
  private static let mostRepetitions = 1000
  private static let deepestGroup = 50

  static func automaton(of pattern: String) throws(TextPattern.Fault) -> PatternAutomaton {
    var scalars = Array(pattern.unicodeScalars)[...]
    let isAnchoredAtStart = scalars.first == "^"
    if isAnchoredAtStart { scalars.removeFirst() }
    let isAnchoredAtEnd = scalars.last == "$" && !isEscaped(scalars.dropLast())
    if isAnchoredAtEnd { scalars.removeLast() }
    var parser = PatternParser(rest: scalars)
    let node = try parser.alternatives()
    guard parser.rest.isEmpty else { throw Fault(description: "a ')' has no '('") }
    if case .alternatives = node, isAnchoredAtStart || isAnchoredAtEnd {
      // In RE2 an anchor belongs to its alternative only.
      throw Fault(description: "write ^(a|b)$, not ^a|b$: an anchor belongs to one alternative only")
    }
    let anything = Node.repetition(.scalars([0...lastScalar]), lower: 0, upper: nil)
    var builder = AutomatonBuilder()
    let start = builder.state()
    var end = start
    if !isAnchoredAtStart { end = builder.add(anything, from: end) }
    end = builder.add(node, from: end)
    if !isAnchoredAtEnd { end = builder.add(anything, from: end) }
    guard builder.states.count <= AutomatonBuilder.mostStates else { throw Fault(description: "it is too long") }
    return PatternAutomaton(states: builder.states, start: start, end: end)
  }

  /// Whether what comes after is escaped by a backslash.
  private static func isEscaped(_ before: ArraySlice<Unicode.Scalar>) -> Bool {
    before.reversed().prefix { $0 == "\\" }.count % 2 == 1
  }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard rest.first == scalar else { return false }
    rest.removeFirst()
    return true
  }

  private mutating func alternatives() throws(Fault) -> Node {
    var branches = [try sequence()]
    while take("|") { branches.append(try sequence()) }
    return branches.count == 1 ? branches[0] : .alternatives(branches)
  }

  private mutating func sequence() throws(Fault) -> Node {
    var parts: [Node] = []
    while let first = rest.first, first != "|", first != ")" {
      let part = try repeated(atom())
      parts.append(part)
    }
    return .sequence(parts)
  }

  private mutating func atom() throws(Fault) -> Node {
    let first = rest.removeFirst()
    switch first {
    case "(":
      depth += 1
      guard depth <= Self.deepestGroup else { throw Fault(description: "groups are nested too deeply") }
      if take("?") { guard take(":") else { throw Fault(description: "of (?…) only (?:…) is supported") } }
      let inner = try alternatives()
      guard take(")") else { throw Fault(description: "a '(' has no ')'") }
      depth -= 1
      return inner
    case "[": return .scalars(try scalarClass())
    case ".": return .scalars(Self.without([0x0a...0x0a]))
    case "\\": return .scalars(try escape())
    case "^", "$": throw Fault(description: "'\(first)' is supported at the ends of the pattern only")
    case "*", "+", "?", "{": throw Fault(description: "'\(first)' has nothing to repeat")
    default: return .scalars([first.value...first.value])
    }
  }

  private mutating func repeated(_ node: Node) throws(Fault) -> Node {
    var bounds: (Int, Int?)
    switch rest.first {
    case "*": bounds = (0, nil)
    case "+": bounds = (1, nil)
    case "?": bounds = (0, 1)
    case "{":
      guard let close = rest.firstIndex(of: "}") else { throw Fault(description: "a '{' has no '}'") }
      let text = String(String.UnicodeScalarView(rest[(rest.startIndex + 1)..<close]))
      let parts = text.split(separator: ",", omittingEmptySubsequences: false)
      guard parts.count <= 2, let lower = Int(parts[0]), (0...Self.mostRepetitions).contains(lower) else {
        throw Fault(description: "{\(text)} is no repetition")
      }
      bounds = (lower, lower)
      if parts.count == 2 {
        bounds.1 = parts[1].isEmpty ? nil : Int(parts[1])
        guard parts[1].isEmpty || bounds.1.map({ $0 >= lower && $0 <= Self.mostRepetitions }) == true else {
          throw Fault(description: "{\(text)} is no repetition")
        }
      }
      rest = rest[close...]
    default: return node
    }
    rest.removeFirst()
    if let mark = rest.first, ["*", "+", "?", "{"].contains(mark) {
      throw Fault(description: "'\(mark)' after a repetition is not supported")
    }
    return .repetition(node, lower: bounds.0, upper: bounds.1)
  }

  // MARK: - Classes

  private mutating func scalarClass() throws(Fault) -> [Scalars] {
    let isNegated = take("^")
    var ranges: [Scalars] = []
    var isFirst = true
    while true {
      guard let scalar = rest.popFirst() else { throw Fault(description: "a '[' has no ']'") }
      if scalar == "]", !isFirst { break }
      isFirst = false
      if scalar == "[", rest.first == ":" { throw Fault(description: "[:name:] is not supported") }
      let low = scalar == "\\" ? try escape() : [scalar.value...scalar.value]
      guard rest.first == "-", rest.dropFirst().first != "]", low.count == 1, low[0].count == 1 else {
        ranges += low
        continue
      }
      rest.removeFirst()
      guard let last = rest.popFirst() else { throw Fault(description: "a '[' has no ']'") }
      let high = last == "\\" ? try escape() : [last.value...last.value]
      guard high.count == 1, high[0].count == 1, low[0].lowerBound <= high[0].lowerBound else {
        throw Fault(description: "a range in a class is the wrong way round")
      }
      ranges.append(low[0].lowerBound...high[0].lowerBound)
    }
    return isNegated ? Self.without(ranges) : ranges
  }

  private static let digits: [Scalars] = [0x30...0x39]
  private static let wordScalars: [Scalars] = [0x30...0x39, 0x41...0x5a, 0x5f...0x5f, 0x61...0x7a]
  private static let spaces: [Scalars] = [0x09...0x0a, 0x0c...0x0d, 0x20...0x20]

  private mutating func escape() throws(Fault) -> [Scalars] {
    guard let kind = rest.popFirst() else { throw Fault(description: "it ends with a backslash") }
    switch kind {
    case "d": return Self.digits
    case "D": return Self.without(Self.digits)
    case "w": return Self.wordScalars
    case "W": return Self.without(Self.wordScalars)
    case "s": return Self.spaces
    case "S": return Self.without(Self.spaces)
    case "t": return [0x09...0x09]
    case "n": return [0x0a...0x0a]
    case "f": return [0x0c...0x0c]
    case "r": return [0x0d...0x0d]
    case "x":
      var digits = ""
      if take("{") {
        while let digit = rest.popFirst(), digit != "}" { digits.unicodeScalars.append(digit) }
      } else {
        digits = String(String.UnicodeScalarView(rest.prefix(2)))
        rest = rest.dropFirst(2)
      }
      guard let value = UInt32(digits, radix: 16), value <= Self.lastScalar else {
        throw Fault(description: "\\x\(digits) is no character")
      }
      return [value...value]
    default:
      guard kind.isASCII, !kind.properties.isAlphabetic, !("0"..."9").contains(kind) else {
        throw Fault(description: "\\\(kind) is not supported")
      }
      return [kind.value...kind.value]
    }
  }

  /// All scalars but these.
  private static func without(_ ranges: [Scalars]) -> [Scalars] {
    var result: [Scalars] = []
    var next: UInt32 = 0
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if range.lowerBound > next { result.append(next...(range.lowerBound - 1)) }
      next = max(next, range.upperBound + 1)
    }
    if next <= lastScalar { result.append(next...lastScalar) }
    return result
  }

  // MARK: - The automaton

  private struct AutomatonBuilder {
    var states: [PatternAutomaton.State] = []
    static let mostStates = 100_000

    mutating func state() -> Int {
      states.append(PatternAutomaton.State())
      return states.count - 1
    }

    /// Adds what the node describes after a state; answers the state at its end.
    mutating func add(_ node: Node, from start: Int) -> Int {
      guard states.count <= Self.mostStates else { return start }
      switch node {
      case .scalars(let ranges):
        let end = state()
        for sequence in ranges.flatMap(UTF8Ranges.sequences) {
          var position = start
          for (index, range) in sequence.enumerated() {
            let target = index == sequence.count - 1 ? end : state()
            states[position].steps.append((range, target))
            position = target
          }
        }
        return end
      case .sequence(let parts):
        var position = start
        for part in parts { position = add(part, from: position) }
        return position
      case .alternatives(let branches):
        let end = state()
        for branch in branches {
          let first = state()
          states[start].jumps.append(first)
          let last = add(branch, from: first)
          states[last].jumps.append(end)
        }
        return end
      case .repetition(let inner, let lower, let upper):
        var position = start
        for _ in 0..<lower { position = add(inner, from: position) }
        let end = state()
        if let upper {
          for _ in lower..<upper {
            states[position].jumps.append(end)
            position = add(inner, from: position)
          }
        } else {
          let loop = state()
          states[position].jumps.append(loop)
          let last = add(inner, from: loop)
          states[last].jumps.append(loop)
          position = loop
        }
        states[position].jumps.append(end)
        return end
      }
    }
  }
}

/// Ranges of scalars as ranges of the bytes of their UTF-8.
enum UTF8Ranges {
  static func sequences(_ range: ClosedRange<UInt32>) -> [[ClosedRange<UInt8>]] {
    // Surrogates have no UTF-8; the other bounds are those of one, two, three and four bytes.
    let lengths: [ClosedRange<UInt32>] = [
      0...0x7f, 0x80...0x7ff, 0x800...0xd7ff, 0xe000...0xffff, 0x10000...0x10ffff,
    ]
    return lengths.flatMap { length -> [[ClosedRange<UInt8>]] in
      guard range.overlaps(length) else { return [] }
      let part = range.clamped(to: length)
      return split(bytes(part.lowerBound)[...], bytes(part.upperBound)[...])
    }
  }

  private static func bytes(_ value: UInt32) -> [UInt8] {
    Unicode.Scalar(value).map { Array(String($0).utf8) } ?? []
  }

  private static func split(_ low: ArraySlice<UInt8>, _ high: ArraySlice<UInt8>) -> [[ClosedRange<UInt8>]] {
    guard var first = low.first, var last = high.first else { return [] }
    let (lowRest, highRest) = (low.dropFirst(), high.dropFirst())
    if lowRest.isEmpty { return [[first...last]] }
    if first == last { return split(lowRest, highRest).map { [first...first] + $0 } }
    let lowest = lowRest.map { _ in UInt8(0x80) }[...]
    let highest = lowRest.map { _ in UInt8(0xbf) }[...]
    var result: [[ClosedRange<UInt8>]] = []
    var tail: [[ClosedRange<UInt8>]] = []
    if Array(lowRest) != Array(lowest) {
      result += split(lowRest, highest).map { [low[low.startIndex]...low[low.startIndex]] + $0 }
      first += 1
    }
    if Array(highRest) != Array(highest) {
      tail = split(lowest, highRest).map { [high[high.startIndex]...high[high.startIndex]] + $0 }
      last -= 1
    }
    if first <= last { result.append([first...last] + lowRest.map { _ in 0x80...0xbf }) }
    return result + tail
  }
}

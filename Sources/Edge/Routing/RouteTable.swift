/// Finds what a method and a path lead to. A literal segment wins over a variable one, so `/api/payments/stats` is never
/// taken for a payment's id; a path that is known with other methods says which.
struct RouteTable<Target: Sendable>: Sendable {
  enum Match: Sendable {
    case found(Target, variables: [ByteRange])
    /// The path is known; these are its methods.
    case methodNotAllowed([HTTPMethod])
    case notFound
  }

  enum Conflict: Error, Hashable {
    /// Two routes with the same method and the same shape of path.
    case duplicate(method: String, template: String)
    /// A template that is not made of `/literal` and `/{variable}`.
    case malformed(template: String)
  }

  private struct Node: Sendable {
    var literals: [(name: [UInt8], node: Int)] = []
    var variable: Int?
    var targets: [(method: HTTPMethod, target: Target)] = []
  }

  private var nodes = [Node()]

  init() {}

  /// - Parameter template: `/api/billing/subscriptions/{id}/cancel`.
  mutating func add(_ method: HTTPMethod, _ template: String, _ target: Target) throws(Conflict) {
    guard template.utf8.first == ASCII.slash else { throw .malformed(template: template) }
    var node = 0
    for segment in template.utf8.dropFirst().split(separator: ASCII.slash, omittingEmptySubsequences: false) {
      guard !segment.isEmpty else { throw .malformed(template: template) }
      if segment.first == 0x7B, segment.last == 0x7D {
        node = variable(of: node)
      } else if segment.contains(0x7B) || segment.contains(0x7D) {
        throw .malformed(template: template)
      } else {
        node = literal(Array(segment), of: node)
      }
    }
    guard !nodes[node].targets.contains(where: { $0.method == method }) else {
      throw .duplicate(method: method.name, template: template)
    }
    nodes[node].targets.append((method, target))
  }

  private mutating func literal(_ name: [UInt8], of parent: Int) -> Int {
    if let known = nodes[parent].literals.first(where: { $0.name == name }) { return known.node }
    nodes.append(Node())
    nodes[parent].literals.append((name, nodes.count - 1))
    return nodes.count - 1
  }

  private mutating func variable(of parent: Int) -> Int {
    if let known = nodes[parent].variable { return known }
    nodes.append(Node())
    nodes[parent].variable = nodes.count - 1
    return nodes.count - 1
  }

  /// `HEAD` finds what `GET` finds. The ranges of the variables are places in `head.bytes`, still percent-encoded.
  func match(_ head: HTTPRequestHead) -> Match {
    var variables: [ByteRange] = []
    guard let node = walk(0, head.bytes, Int(head.path.start), Int(head.path.end), &variables) else {
      return .notFound
    }
    let method = head.method == .head ? .get : head.method
    let targets = nodes[node].targets
    if let found = targets.first(where: { $0.method == method }) {
      return .found(found.target, variables: variables)
    }
    var methods = targets.map(\.method)
    if methods.contains(.get) { methods.append(.head) }
    return .methodNotAllowed(methods + [.options])
  }

  /// Depth is bounded by the templates' depth: a path with more segments ends at the first missing child.
  private func walk(
    _ node: Int, _ bytes: [UInt8], _ start: Int, _ end: Int, _ variables: inout [ByteRange]
  ) -> Int? {
    guard start < end else { return nodes[node].targets.isEmpty ? nil : node }
    guard bytes[start] == ASCII.slash else { return nil }
    var segmentEnd = start + 1
    while segmentEnd < end, bytes[segmentEnd] != ASCII.slash { segmentEnd += 1 }
    guard segmentEnd > start + 1 else { return nil }
    let segment = bytes[start + 1..<segmentEnd]
    for (name, child) in nodes[node].literals where name.count == segment.count && segment.elementsEqual(name) {
      if let found = walk(child, bytes, segmentEnd, end, &variables) { return found }
    }
    guard let child = nodes[node].variable else { return nil }
    variables.append(ByteRange(start: UInt32(start + 1), end: UInt32(segmentEnd)))
    if let found = walk(child, bytes, segmentEnd, end, &variables) { return found }
    variables.removeLast()
    return nil
  }
}

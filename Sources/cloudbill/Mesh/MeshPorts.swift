/// A process of the mesh.
enum MeshRole: String, CaseIterable, Sendable {
  case auth, billing, edge

  /// Its port when nothing is added: the RPC port of a service, the HTTP port of the edge.
  var standardPort: Int {
    switch self {
    case .edge: 8080
    case .auth: 3001
    case .billing: 3002
    }
  }
}

/// Where each process of the mesh listens.
struct MeshPorts: Sendable, Equatable {
  /// A metrics page is this far above the port it belongs to.
  static let metricsDistance = 100

  private let edge: Int
  private let base: Int

  /// - Parameters:
  ///   - edge: the edge's port as it is; 8080 + base when nil.
  ///   - base: added to every standard port.
  init(edge: UInt16?, base: UInt16) throws {
    self.edge = edge.map(Int.init) ?? MeshRole.edge.standardPort + Int(base)
    self.base = Int(base)
    for role in MeshRole.allCases {
      let highest = number(role) + Self.metricsDistance
      guard number(role) > 0, highest <= Int(UInt16.max) else {
        throw CommandFailure(
          "the \(role) process would need ports \(number(role)) and \(highest); ports go from 1 to 65535",
          advice: ["choose another --port or --base-port"])
      }
    }
    let all = MeshRole.allCases.flatMap { [number($0), number($0) + Self.metricsDistance] }
    if let twice = all.first(where: { port in all.count(where: { $0 == port }) > 1 }) {
      throw CommandFailure("port \(twice) would be used twice", advice: ["choose another --port or --base-port"])
    }
  }

  /// The port on which the process does its work.
  func main(_ role: MeshRole) -> UInt16 { UInt16(number(role)) }

  /// The port of its `/metrics` and `/health`.
  func metrics(_ role: MeshRole) -> UInt16 { UInt16(number(role) + Self.metricsDistance) }

  private func number(_ role: MeshRole) -> Int { role == .edge ? edge : role.standardPort + base }
}

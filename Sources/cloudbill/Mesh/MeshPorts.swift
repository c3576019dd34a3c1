import ServiceKit

/// A process of the mesh: a service or the edge.
struct MeshProcess: Sendable, Hashable {
  let name: String
  /// Its port when nothing is added: the RPC port of a service, the HTTP port of the edge.
  let standardPort: Int

  /// In the order of their start: the edge leads to the services.
  static let all = catalogue.services.map { MeshProcess($0) } + [edge]
  static let edge = MeshProcess(name: ServiceCatalogue.edge, standardPort: 8080)

  private init(name: String, standardPort: Int) {
    self.name = name
    self.standardPort = standardPort
  }

  init(_ service: ServiceDefinition) {
    self.init(name: service.name, standardPort: Int(service.port))
  }

  /// The process of that name, if there is one.
  static func named(_ name: String) -> MeshProcess? { all.first { $0.name == name } }
}

/// Where each process of the mesh listens.
struct MeshPorts: Sendable, Equatable {
  private let edge: Int
  private let base: Int

  /// - Parameters:
  ///   - edge: the edge's port as it is; 8080 + base when nil.
  ///   - base: added to every standard port.
  init(edge: UInt16?, base: UInt16) throws {
    self.edge = edge.map(Int.init) ?? MeshProcess.edge.standardPort + Int(base)
    self.base = Int(base)
    for process in MeshProcess.all {
      let highest = number(process) + Self.metricsDistance
      guard number(process) > 0, highest <= Int(UInt16.max) else {
        throw CommandFailure(
          "the \(process.name) process would need ports \(number(process)) and \(highest); ports go from 1 to 65535",
          advice: ["choose another --port or --base-port"])
      }
    }
    let all = MeshProcess.all.flatMap { [number($0), number($0) + Self.metricsDistance] }
    if let twice = all.first(where: { port in all.count(where: { $0 == port }) > 1 }) {
      throw CommandFailure("port \(twice) would be used twice", advice: ["choose another --port or --base-port"])
    }
  }

  private static let metricsDistance = Int(ServiceDefinition.metricsPortDistance)

  /// The port on which the process does its work.
  func main(_ process: MeshProcess) -> UInt16 { UInt16(number(process)) }

  /// The port of its `/metrics` and `/health`.
  func metrics(_ process: MeshProcess) -> UInt16 { UInt16(number(process) + Self.metricsDistance) }

  private func number(_ process: MeshProcess) -> Int { process == .edge ? edge : process.standardPort + base }
}

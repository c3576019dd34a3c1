import Auth
import Edge
import Postgres
import Reactor
import ServiceKit

/// Turns options, the environment and the data directory's files into what each process is told: no service reads any of them.
struct ProcessConfiguration {
  private let directory: DataDirectory
  private let ports: MeshPorts
  private let host: String
  private let mode: RunMode

  init(_ options: MeshOptions) throws {
    directory = DataDirectory(options.dataPath)
    ports = try options.ports()
    host = options.host
    mode = try options.runMode()
    try options.requireSafeHost()
  }

  func edge() throws -> EdgeSettings {
    var edge = EdgeConfiguration()
    do { edge.address = try SocketAddress(host: host, port: ports.main(.edge)) } catch {
      throw CommandFailure("--host takes a numeric address or localhost, not \(host)")
    }
    edge.metricsAddress = Self.loopback(ports.metrics(.edge))
    var settings = EdgeSettings(
      edge: edge, tokens: try tokens(), signer: try signer(ServiceCatalogue.edge),
      services: Dictionary(
        uniqueKeysWithValues: catalogue.services.map { ($0.name, [Self.loopback(ports.main(MeshProcess($0)))]) }),
      routes: catalogue.routes)
    settings.drainLimit = .milliseconds(2_500)
    return settings
  }

  private static func loopback(_ port: UInt16) -> SocketAddress { .ipv4(0x7F00_0001, port: port) }

  func service(_ definition: ServiceDefinition) throws -> ServiceConfiguration {
    let process = MeshProcess(definition)
    let address = try DatabaseAddress(directory: directory)
    var configuration = ServiceConfiguration(
      port: ports.main(process), metricsPort: ports.metrics(process),
      database: DatabaseConfiguration(
        conninfo: try address.conninfo(.service(definition.name)), applicationName: "cloudbill-\(definition.name)"),
      claimsKeys: try claimsKeys(of: definition),
      accessTokens: definition.signsAccessTokens ? try tokens() : nil, mode: mode, drainLimit: .milliseconds(1_500))
    if !definition.calls.isEmpty {
      configuration.signer = try signer(definition.name)
      for name in definition.calls {
        guard let process = MeshProcess.named(name) else { continue }
        configuration.peers[name] = [Self.loopback(ports.main(process))]
      }
    }
    return configuration
  }

  /// The edge's key, which vouches for users, and those of the services that name this one among those they call.
  private func claimsKeys(of definition: ServiceDefinition) throws -> [ClaimsKey] {
    func key(_ name: String, _ scope: ClaimsKey.Scope) throws -> ClaimsKey {
      ClaimsKey(issuer: name, key: try keys { try KeyFiles.publicKey(at: directory.publicKey(name)) }, scope: scope)
    }
    let callers = catalogue.services.filter { $0.calls.contains(definition.name) }
    return [try key(ServiceCatalogue.edge, .users)] + (try callers.map { try key($0.name, .itself) })
  }

  private func signer(_ process: String) throws -> ClaimsSigner {
    try keys { try ClaimsSigner(issuer: process, key: KeyFiles.privateKey(at: directory.privateKey(process))) }
  }

  /// Access tokens: signed by auth, verified by the edge, with a secret that nobody else has.
  private func tokens() throws -> JSONWebToken {
    let secret = try keys { try KeyFiles.secret(at: directory.tokenSecret) }
    guard let key = TokenKey(id: "1", secret: secret) else {
      throw CommandFailure(
        "\(directory.tokenSecret) is too short to be a secret",
        advice: ["remove it to have a new one made; everybody then signs in again"])
    }
    return JSONWebToken(issuer: AuthConfiguration.issuer, audience: AuthConfiguration.audience, signing: key)
  }

  private func keys<Key>(_ read: () throws -> Key) throws -> Key {
    do { return try read() } catch {
      throw CommandFailure(
        "cannot read the keys: \(error)", advice: ["--data DIR must name a data directory that `cloudbill up` has made"]
      )
    }
  }
}

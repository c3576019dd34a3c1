import ArgumentParser
import Glibc
import Postgres
import Protobuf
import RPC
import Reactor
import Schema
import ServiceKit

/// A server on one loop with everything on that a service has: metrics, deadline, verified claims.
struct RPCServerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rpc-server", abstract: "Serve Health/Check and Echo on one loop until the process is stopped.",
    discussion: "The first line printed is a value for cloudbill-claims-bin that the server accepts.")

  @Option(help: "The port on 127.0.0.1.")
  var port: UInt16

  struct Echo: BenchmarkV1.EchoService {
    func echo(
      _ request: BenchmarkV1.EchoMessage, _ call: ServerCall
    ) async throws(RPCError) -> BenchmarkV1.EchoMessage {
      // Services read both of every call.
      _ = try call.tenant
      _ = call.workDeadline
      return request
    }
  }

  func run() async throws {
    let group = try EventLoopGroup(count: 1, name: "benchmark")
    let key = try Ed25519PrivateKey()
    let signer = try ClaimsSigner(issuer: "edge", key: key)
    let verifier = ClaimsVerifier(keys: [ClaimsKey(issuer: "edge", key: try key.publicKey, scope: .users)])
    let paths = [BenchmarkV1.EchoMethods.echo.path, "/grpc.health.v1.Health/Check"]
    let policy = MethodPolicy(access: .session, idempotency: .read, retry: nil)
    var configuration = ServerConfiguration()
    configuration.interceptors = [
      CallObserver(
        service: "benchmark", group: group, registry: MetricsRegistry(), paths: paths, output: nil),
      ClaimsInterceptor(
        verifier: verifier, policies: Dictionary(uniqueKeysWithValues: paths.map { ($0, policy) })),
    ]
    let server = Server(services: [Echo()], configuration: configuration, group: group)
    let claims = IdentityV1.Claims(
      subject: UUID.random().description, tenantID: UUID.random().description, role: .admin,
      sessionID: UUID.random().description,
      expiresAt: WallClock.system.now.advanced(by: .seconds(3600)).timestamp, email: "benchmark@acme.test")
    var value: [UInt8] = []
    Base64.encode(try signer.sign(claims), into: &value, padding: false)
    _ = try await server.start(on: SocketAddress(host: "127.0.0.1", port: port))
    // Written at once: what is printed would wait in a buffer when standard output is a pipe.
    value.append(UInt8(ascii: "\n"))
    _ = Glibc.write(STDOUT_FILENO, value, value.count)
    await StopSignal.atTermination().wait()
    await server.drain(within: .seconds(2))
  }
}

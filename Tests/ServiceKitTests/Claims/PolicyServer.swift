import Protobuf
import RPC
import Reactor
import Schema
import Synchronization

@testable import ServiceKit

/// A real server behind the interceptor, with a method for every path of the schema and one that no policy names. Each answers whom it
/// was called for.
final class PolicyServer: Sendable {
  static let strayPath = "/cloudbill.stray.v1.Stray/Method"

  let claims: ClaimsWorld
  let channel: Channel
  private let group: EventLoopGroup
  private let server: Server

  /// - Parameter policies: the schema's by default.
  init(policies: [String: MethodPolicy] = MethodPolicies.all) async throws {
    claims = try ClaimsWorld()
    group = try EventLoopGroup(count: 1)
    var configuration = ServerConfiguration()
    configuration.interceptors = [ClaimsInterceptor(verifier: claims.verifier, policies: policies)]
    server = Server(
      services: [EveryMethod(paths: Array(policies.keys) + [Self.strayPath])], configuration: configuration,
      group: group)
    let address = try await server.start(on: SocketAddress(host: "127.0.0.1", port: 0))
    channel = Channel(target: [address], group: group)
  }

  func stop() async {
    await channel.close()
    await server.close()
    group.stop()
  }

  /// Calls a path, and answers what its handler saw, or the documented code of the refusal.
  func call(_ path: String, claims bytes: [UInt8]?, tenant: String? = nil) async -> Outcome {
    var options = CallOptions(deadline: .after(.seconds(30)))
    if let bytes { options.metadata.append(bytes, for: ClaimsInterceptor.claimsKey) }
    if let tenant { options.metadata.append(tenant, for: ClaimsInterceptor.tenantKey) }
    do {
      let reply = try await channel.unaryBytes(path: path, message: [], options: options)
      return .answered(tenant: try StringValue(serialized: reply.message).value)
    } catch let error as RPCError {
      return .refused(error.code, ServiceError(error)?.code ?? "")
    } catch {
      return .refused(.unknown, "\(error)")
    }
  }

  enum Outcome: Equatable {
    /// The handler ran; the tenant is the one it would work in, empty without one.
    case answered(tenant: String)
    case refused(StatusCode, String)

    var isAnswer: Bool {
      if case .answered = self { true } else { false }
    }

    static let forbidden = Outcome.refused(.permissionDenied, "FORBIDDEN")
    static let tenantDenied = Outcome.refused(.permissionDenied, "TENANT_ACCESS_DENIED")
    static let unauthorized = Outcome.refused(.unauthenticated, "UNAUTHORIZED")
  }
}

private struct EveryMethod: Service {
  let paths: [String]

  var methods: [ServerMethod] {
    paths.map { path in
      let parts = path.split(separator: "/").map(String.init)
      let descriptor = MethodDescriptor(service: parts[0], name: parts[1], kind: .unary)
      return ServerMethod.unary(descriptor) { (_: Empty, call: ServerCall) async throws(RPCError) -> StringValue in
        StringValue((try? call.tenant.description) ?? "")
      }
    }
  }
}

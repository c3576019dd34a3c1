import Protobuf
import RPC
import Schema
import ServiceKit

/// The unary methods that can be called by name, with the messages they take and give.
enum MethodCatalogue {
  struct Method {
    /// `cloudbill.billing.v1.Billing/GetSubscription`
    let name: String
    let request: MessageSchema
    let response: MessageSchema
    /// The process that serves it; nil when each does.
    let process: MeshProcess?
    let access: MethodAccess

    var path: String { "/" + name }
  }

  static let all: [Method] = routed + unrouted

  private static let routed = catalogue.routes.map { route in
    Method(
      name: String(route.rpcPath.dropFirst()), request: route.request, response: route.response,
      process: MeshProcess.named(route.service), access: route.access)
  }

  /// What has no REST route.
  private static let unrouted = [
    Method(
      name: "cloudbill.auth.v1.Auth/CheckSession", request: AuthV1.CheckSessionRequest.schema,
      response: AuthV1.CheckSessionResponse.schema, process: MeshProcess.named("auth"), access: .service),
    Method(
      name: "grpc.health.v1.Health/Check", request: HealthV1.HealthCheckRequest.schema,
      response: HealthV1.HealthCheckResponse.schema, process: nil, access: .open),
  ]

  /// The method of that name: whole, or from any dot or slash on (`Billing/GetSubscription`, `GetSubscription`) when that is clear.
  static func find(_ text: String) throws -> Method {
    let wanted = text.hasPrefix("/") ? String(text.dropFirst()) : text
    let matches = all.filter { $0.name == wanted || $0.name.hasSuffix("/" + wanted) || $0.name.hasSuffix("." + wanted) }
    if let exact = matches.first(where: { $0.name == wanted }) { return exact }
    if matches.count == 1 { return matches[0] }
    guard matches.isEmpty else {
      throw CommandFailure("\(text) may be any of", advice: matches.map(\.name))
    }
    throw CommandFailure(
      "there is no method \(text)",
      advice: ["`cloudbill call --list` shows all; servers that are not ours are grpcurl's business"])
  }

  /// Every method with who may call it, for people.
  static var listing: String {
    let width = all.map(\.name.count).max() ?? 0
    return all.map { method in
      let padding = String(repeating: " ", count: width - method.name.count + 2)
      let access =
        switch method.access {
        case .open: "anyone"
        case .session: "--as EMAIL"
        case .permission(let name): "--as EMAIL whose role has \(name)"
        case .service: "our own processes (without --as)"
        }
      return method.name + padding + access
    }.sorted().joined(separator: "\n")
  }
}

internal import RPC
internal import Schema
internal import ServiceKit

/// A REST route with what serves it, put together once at the start.
final class EdgeRoute: Sendable {
  let rest: RestRoute
  let method: HTTPMethod
  /// The method behind it, which the edge does not ask again by itself: a client knows better whether it still waits.
  let call: MethodDescriptor
  /// Leads to the service.
  let channel: Channel
  let numbers: EdgeMetrics.Route
  private let roles: [Role]

  init(_ rest: RestRoute, channel: Channel, numbers: EdgeMetrics.Route) {
    self.rest = rest
    method = HTTPMethod(name: rest.method)
    call = MethodDescriptor(path: rest.rpcPath, idempotency: rest.idempotency)
    self.channel = channel
    self.numbers = numbers
    switch rest.access {
    case .open, .session: roles = Role.allCases
    case .permission(let text):
      let permission = Permission(text)
      roles = Role.allCases.filter { role in permission.map(role.grants) ?? false }
    case .service: roles = []
    }
  }

  /// Whether who calls has to be known.
  var asksWho: Bool { rest.access != .open }

  /// Whether the role may call the method. The service asks the same again: here it is asked before a body is read.
  func admits(_ role: Role) -> Bool { roles.contains(role) }
}

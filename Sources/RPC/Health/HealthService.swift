/// `grpc.health.v1.Health`. `Check` is served; a client that asks for `Watch` is told UNIMPLEMENTED and takes the server for healthy, as the
/// health protocol says.
struct HealthService: Service {
  let status: HealthStatus

  private static let check = MethodDescriptor(
    service: "grpc.health.v1.Health", name: "Check", kind: .unary, idempotency: .read)

  var methods: [ServerMethod] {
    [ServerMethod.unary(Self.check, check).alwaysServed()]
  }

  private func check(
    _ request: HealthV1.HealthCheckRequest, _ call: ServerCall
  ) async throws(RPCError) -> HealthV1.HealthCheckResponse {
    switch status.status(of: request.service) {
    case .serving: HealthV1.HealthCheckResponse(status: .serving)
    case .notServing: HealthV1.HealthCheckResponse(status: .notServing)
    case nil: throw .notFound("the server has no such service")
    }
  }
}

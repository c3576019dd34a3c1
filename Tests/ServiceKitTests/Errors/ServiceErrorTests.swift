import Postgres
import RPC
import ServiceKit
import Testing

@Suite("Documented errors")
struct ServiceErrorTests {
  @Test("code, field, message and retry advice travel with the status")
  func roundTrip() throws {
    let errors: [ServiceError] = [
      .validation("The limit is too high", field: "limit"), .notFound(), .conflict("Already cancelled"),
      .invalidCredentials, .tenantDenied, .unavailable(retryAfter: 3), .tooManyRequests("Slow down", retryAfter: 60),
    ]
    for error in errors { #expect(ServiceError(RPCError(error)) == error) }
    #expect(RPCError(ServiceError.tenantDenied).code == .permissionDenied)
    #expect(ServiceError(RPCError.notFound("no detail")) == nil)
  }

  @Test(
    "a failure of the database says what the caller can do",
    arguments: [
      (DatabaseError.unavailable(reason: "gone"), StatusCode.unavailable, "SERVICE_UNAVAILABLE"),
      (.poolExhausted, .unavailable, "SERVICE_UNAVAILABLE"),
      (.timeout, .deadlineExceeded, "GATEWAY_TIMEOUT"),
      (.commitUnknown, .unknown, "OUTCOME_UNKNOWN"),
      (.constraint(kind: .unique, name: "k"), .alreadyExists, "ALREADY_EXISTS"),
      (.constraint(kind: .foreignKey, name: "k"), .notFound, "NOT_FOUND"),
      (.constraint(kind: .check, name: "k"), .invalidArgument, "DATABASE_CONSTRAINT_VIOLATION"),
      (.serialization, .aborted, "CONFLICT"),
      (.server(sqlState: "42P01"), .internal, "INTERNAL_SERVER_ERROR"),
      (.unexpectedResult("secret detail"), .internal, "INTERNAL_SERVER_ERROR"),
    ])
  func database(_ error: DatabaseError, _ status: StatusCode, _ code: String) {
    let service = ServiceError(error)
    #expect(service.status == status)
    #expect(service.code == code)
    #expect(!service.message.contains("secret"))
    #expect((service.status == .unavailable) == (service.retryAfter != nil && service.status != .aborted))
  }
}

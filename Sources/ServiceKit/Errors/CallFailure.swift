public import Postgres
public import RPC
internal import Reactor

/// What went wrong inside, for the log alone.
private enum DiagnosisStorage: CallStorageKey { typealias Value = Diagnosis }

private final class Diagnosis: Sendable {
  let text: String

  init(_ text: String) { self.text = text }
}

extension ServerCall {
  /// Why the call failed, in words for engineers: no values of rows, parameters or requests. Stands in the call's log line.
  public var diagnosis: String? { self[DiagnosisStorage.self]?.text }

  /// Runs a handler's work and turns whatever it throws into the answer that callers know. What is our fault is told to the log only.
  public func answer<Reply>(_ work: () async throws -> Reply) async throws(RPCError) -> Reply {
    do {
      return try await work()
    } catch {
      throw failure(error)
    }
  }

  /// The answer for an error, see `answer`.
  public func failure(_ error: any Error) -> RPCError {
    switch error {
    case let error as RPCError: return error
    case let error as ServiceError: return RPCError(error)
    case let error as DatabaseError:
      self[DiagnosisStorage.self] = Diagnosis(error.description)
      if error == .cancelled { return .cancelled() }
      // Whether it happened does not matter where doing it again changes nothing.
      let mayRepeat = descriptor.idempotency == .read || descriptor.idempotency == .idempotent
      return RPCError(error == .commitUnknown && mayRepeat ? .unavailable() : ServiceError(error))
    case is CancellationError: return .cancelled()
    case BlockingPoolError.queueFull: return .service(.unavailable())
    default:
      // Of a stranger's error only the type: what it carries may be personal.
      self[DiagnosisStorage.self] = Diagnosis(String(reflecting: type(of: error)))
      return .service(.unexpected)
    }
  }
}

extension ServiceError {
  /// What a caller is told when the database gave no result. Repositories that know more about a constraint say it themselves.
  public init(_ error: DatabaseError) {
    self =
      switch error {
      case .unavailable, .poolExhausted: .unavailable()
      case .timeout, .cancelled: .timeout
      case .commitUnknown:
        ServiceError(
          .unknown, "OUTCOME_UNKNOWN", "It is not known whether the change was made: look before you repeat it")
      case .constraint(.unique, _): .alreadyExists("It exists already")
      // Every table refers to its tenant: a super admin has named one that there is not.
      case .constraint(.foreignKey, let name) where name.hasSuffix("_tenant_id_fkey"): .tenantDenied
      case .constraint(.foreignKey, _): .notFound("Something the request refers to does not exist")
      case .constraint:
        ServiceError(
          .invalidArgument, "DATABASE_CONSTRAINT_VIOLATION", "The request breaks a rule of the stored data")
      case .serialization:
        ServiceError(.aborted, "CONFLICT", "The request lost against another one: repeat it", retryAfter: 1)
      case .server, .invalidParameter, .unexpectedResult: .unexpected
      }
  }
}

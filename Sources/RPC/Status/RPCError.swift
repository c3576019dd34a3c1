/// A call that did not end well. The message goes to the other side: it must be safe to show.
public struct RPCError: Error, Hashable, Sendable {
  /// Never `ok`.
  public var code: StatusCode
  public var message: String
  /// Sent with the status as trailers; at the client, the trailers that came with it.
  public var metadata: Metadata

  public init(_ code: StatusCode, _ message: String, metadata: Metadata = Metadata()) {
    self.code = code == .ok ? .unknown : code
    self.message = message
    self.metadata = metadata
  }

  public static func cancelled(_ message: String = "the call was cancelled") -> RPCError {
    RPCError(.cancelled, message)
  }
  public static func unknown(_ message: String) -> RPCError { RPCError(.unknown, message) }
  public static func invalidArgument(_ message: String) -> RPCError { RPCError(.invalidArgument, message) }
  public static func deadlineExceeded(_ message: String = "the deadline has passed") -> RPCError {
    RPCError(.deadlineExceeded, message)
  }
  public static func notFound(_ message: String) -> RPCError { RPCError(.notFound, message) }
  public static func alreadyExists(_ message: String) -> RPCError { RPCError(.alreadyExists, message) }
  public static func permissionDenied(_ message: String) -> RPCError { RPCError(.permissionDenied, message) }
  public static func resourceExhausted(_ message: String) -> RPCError { RPCError(.resourceExhausted, message) }
  public static func failedPrecondition(_ message: String) -> RPCError { RPCError(.failedPrecondition, message) }
  public static func aborted(_ message: String) -> RPCError { RPCError(.aborted, message) }
  public static func outOfRange(_ message: String) -> RPCError { RPCError(.outOfRange, message) }
  public static func unimplemented(_ message: String) -> RPCError { RPCError(.unimplemented, message) }
  public static func `internal`(_ message: String) -> RPCError { RPCError(.internal, message) }
  public static func unavailable(_ message: String) -> RPCError { RPCError(.unavailable, message) }
  public static func dataLoss(_ message: String) -> RPCError { RPCError(.dataLoss, message) }
  public static func unauthenticated(_ message: String) -> RPCError { RPCError(.unauthenticated, message) }
}

extension RPCError: CustomStringConvertible {
  public var description: String { "\(code.name): \(message)" }
}

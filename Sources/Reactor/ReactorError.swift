internal import Glibc

/// What can go wrong on the loop's own floor. Each case says what to do next through `description`.
public enum ReactorError: Error, Hashable, Sendable {
  /// A system call failed in a way that no other case names.
  case systemCall(name: String, code: Int32)
  /// Somebody else listens there already.
  case addressInUse(SocketAddress)
  /// The address is not one this machine can listen on or reach as written.
  case invalidAddress(String)
  case connectionRefused(SocketAddress)
  case connectTimedOut(SocketAddress)
  /// The other side reset the connection.
  case connectionReset
  /// The peer reads more slowly than we write and the output buffer has reached its bound.
  case outputLimitExceeded(byteCount: Int)
  /// The event loop was stopped while the connection was open.
  case loopStopped
  /// The host does not exist, or has no address.
  case nameNotFound(String)
  /// The resolver gave no answer: it may do so later.
  case nameLookupFailed(String, reason: String)
  /// As many look-ups wait already as the blocking pool allows.
  case nameLookupsFull(String)
  /// The task or the loop that asked does not wait any longer.
  case cancelled

  static func last(_ name: String) -> ReactorError {
    .systemCall(name: name, code: errno)
  }
}

extension ReactorError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .systemCall(let name, let code): "\(name) failed: \(String(cString: strerror(code))) (errno \(code))"
    case .addressInUse(let address): "\(address) is in use: stop what listens there or choose another port"
    case .invalidAddress(let text):
      "\(text) is not an address: expected host:port, a numeric IPv4 address, an IPv6 address ([…]:port) or unix: and a path of at most 107 bytes"
    case .connectionRefused(let address): "\(address) refused the connection: nothing listens there"
    case .connectTimedOut(let address): "\(address) did not answer the connection attempt in time"
    case .connectionReset: "the peer reset the connection"
    case .outputLimitExceeded(let byteCount): "the peer does not read: \(byteCount) bytes are waiting"
    case .loopStopped: "the event loop has stopped"
    case .nameNotFound(let host): "the name \(host) has no address: check its spelling and the name server's records"
    case .nameLookupFailed(let host, let reason): "the name \(host) could not be looked up, try again: \(reason)"
    case .nameLookupsFull(let host):
      "the name \(host) was not looked up: too many look-ups wait already; see whether the name server answers"
    case .cancelled: "cancelled by the caller"
    }
  }
}

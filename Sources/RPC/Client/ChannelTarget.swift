public import Reactor

/// What a channel connects to.
public enum ChannelTarget: Sendable, Hashable {
  /// Addresses of the same service.
  case addresses([SocketAddress])
  /// A host name: every address it has, of both families, now and later.
  case name(String, port: UInt16)

  /// An address or a name, as an operator writes it (see `Endpoint`).
  public init(_ endpoint: Endpoint) {
    switch endpoint {
    case .address(let address): self = .addresses([address])
    case .name(let host, let port): self = .name(host, port: port)
    }
  }
}

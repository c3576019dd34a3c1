internal import CLinux
internal import Glibc

/// A listening socket on one event loop. Loop-bound.
public final class TCPListener: ReadinessHandler {
  /// How many connections are accepted a wake-up, so that a flood of them does not starve those that are open.
  static let acceptsPerTurn = 64
  /// How long to wait before accepting again when the process has run out of descriptors.
  static let exhaustionPause = Duration.milliseconds(100)

  public let localAddress: SocketAddress
  private let loop: EventLoop
  private let descriptor: Int32
  private let maximumConnections: Int
  private let balance: AcceptBalance?
  private let accept: (TCPConnection) -> Void
  private var watch: Watch?
  private var paused = false
  private var closed = false

  /// - Parameters:
  ///   - sharesPort: lets the listeners of a process's other loops bind the same port (`SO_REUSEPORT`), see `claim`.
  ///   - maximumConnections: when the loop holds this many connections the listener stops accepting until some have closed; those
  ///     that knock meanwhile wait in the kernel's queue.
  ///   - balance: shared with the server's listeners on other loops, among which connections are spread evenly; nil keeps what it accepts.
  ///   - accept: called on the loop for each connection; it sets the connection's delegate.
  /// - Throws: `ReactorError.addressInUse`, `.invalidAddress`, `.systemCall`.
  public init(
    loop: EventLoop, address: SocketAddress, backlog: Int32 = 1024, sharesPort: Bool = true,
    maximumConnections: Int = 100_000, balance: AcceptBalance? = nil,
    accept: @escaping (TCPConnection) -> Void
  ) throws(ReactorError) {
    loop.preconditionCurrent()
    self.loop = loop
    self.maximumConnections = maximumConnections
    self.balance = balance
    self.accept = accept
    descriptor = try Self.bind(address, sharesPort: sharesPort)
    guard listen(descriptor, backlog) == 0 else {
      let error = ReactorError.bindError(errno, name: "listen", address)
      Glibc.close(descriptor)
      throw error
    }
    localAddress = .local(of: descriptor)
    do throws(ReactorError) {
      watch = try loop.watch(descriptor, for: .read, self)
    } catch {
      Glibc.close(descriptor)
      throw error
    }
    balance?.join(self, loop)
  }

  /// Finds out whether `address` is free, which `SO_REUSEPORT` alone would not tell: with it, a second server of the same user would
  /// silently share the port. Answers the address with its port filled in when 0 was asked for.
  /// - Throws: `ReactorError.addressInUse` when somebody listens there.
  public static func claim(_ address: SocketAddress) throws(ReactorError) -> SocketAddress {
    let descriptor = try bind(address, sharesPort: false)
    defer { Glibc.close(descriptor) }
    guard listen(descriptor, 1) == 0 else { throw .bindError(errno, name: "listen", address) }
    if case .unix(let path) = address {
      unlink(path)
      return address
    }
    return .local(of: descriptor)
  }

  private static func bind(_ address: SocketAddress, sharesPort: Bool) throws(ReactorError) -> Int32 {
    let descriptor = cl_stream_socket(address.family)
    guard descriptor >= 0 else { throw .last("socket") }
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, 4)
    if sharesPort, address.family != AF_UNIX { setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &yes, 4) }
    guard address.withSocketAddress({ Glibc.bind(descriptor, $0, $1) }) == 0 else {
      let error = ReactorError.bindError(errno, name: "bind", address)
      Glibc.close(descriptor)
      throw error
    }
    return descriptor
  }

  public func ready(_ events: Interest) {
    guard !closed else { return }
    if events.contains(.error) || events.contains(.hangup) { return close() }
    for _ in 0..<Self.acceptsPerTurn {
      guard loop.openConnections < maximumConnections else { return pause() }
      var storage = sockaddr_storage()
      var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
      let accepted = cl_accept(descriptor, &storage, &length)
      if accepted < 0 {
        if errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS { pause() }
        // Any other error belongs to a connection that is gone already (accept(2)).
        return
      }
      let peer = SocketAddress(storage)
      if let (otherLoop, other) = balance?.choose(from: loop) {
        otherLoop.execute { other.value.adopt(accepted, peer) }
      } else {
        adopt(accepted, peer)
      }
      if closed { return }
    }
  }

  /// Begins a connection on this listener's loop. One that was handed over when the listener had closed meanwhile is closed, too: nothing of
  /// it has been read.
  private func adopt(_ accepted: Int32, _ peer: SocketAddress) {
    guard !closed else {
      Glibc.close(accepted)
      return
    }
    do throws(ReactorError) {
      let connection = try TCPConnection(loop: loop, descriptor: accepted, remoteAddress: peer)
      connection.balance = balance
      accept(connection)
    } catch {
      balance?.closed(on: loop)
    }
  }

  private func pause() {
    guard !paused, let watch else { return }
    paused = true
    loop.modify(watch, for: [])
    loop.schedule(after: Self.exhaustionPause) {
      self.paused = false
      if let watch = self.watch { self.loop.modify(watch, for: .read) }
    }
  }

  /// Stops listening; open connections stay. Twice is harmless.
  public func close() {
    loop.preconditionCurrent()
    guard !closed else { return }
    closed = true
    balance?.leave(loop)
    if let watch { loop.unwatch(watch) }
    watch = nil
    Glibc.close(descriptor)
    if case .unix(let path) = localAddress { unlink(path) }
  }
}

extension ReactorError {
  static func bindError(_ code: Int32, name: String, _ address: SocketAddress) -> ReactorError {
    switch code {
    case EADDRINUSE: .addressInUse(address)
    case EADDRNOTAVAIL, EAFNOSUPPORT: .invalidAddress(address.description)
    default: .systemCall(name: name, code: code)
    }
  }
}

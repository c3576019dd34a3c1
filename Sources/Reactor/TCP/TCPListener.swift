internal import CLinux
internal import Glibc

/// A listening socket on one event loop. Loop-bound.
public final class TCPListener: ReadinessHandler {
  /// How many connections are accepted a wake-up, so that a flood of them does not starve those that are open.
  static let acceptsPerTurn = 64
  /// How long to wait before accepting again when the process has run out of descriptors.
  static let exhaustionPause = Duration.milliseconds(100)

  /// The port is filled in when 0 was asked for.
  public var localAddress: SocketAddress { socket.address }
  private let loop: EventLoop
  private let socket: ListeningSocket
  private let maximumConnections: Int
  private let usesReserve: Bool
  private var openConnections = 0
  private let backlog: Int32
  private let balance: AcceptBalance?
  private let accept: (TCPConnection) -> Void
  private var watch: Watch?
  private var paused = false
  private var closed = false

  /// - Parameters:
  ///   - backlog: how many connections the kernel may hold until they are accepted (at most net.core.somaxconn).
  ///   - sharesPort: lets the listeners of a process's other loops bind the same port (`SO_REUSEPORT`), see `claim`. A unix socket is
  ///     shared by the listeners of one `balance`.
  ///   - maximumConnections: most connections of this listener, beside the bound of the loop's `connectionBudget`. At either bound the
  ///     connections that have been idle longest are closed for new ones; when none is idle, new ones are closed at once.
  ///   - usesReserve: for the few connections of operators and monitoring: they are taken from the descriptors that the budget reserves.
  ///   - balance: shared with the server's listeners on other loops, among which connections are spread evenly; nil keeps what it accepts.
  ///   - accept: called on the loop for each connection; it sets the connection's delegate. It is called for the last ones while the
  ///     listener closes, and may be called once more later for one that another loop has handed over.
  /// - Throws: `ReactorError.addressInUse`, `.invalidAddress`, `.systemCall`.
  public init(
    loop: EventLoop, address: SocketAddress, backlog: Int32 = 1024, sharesPort: Bool = true,
    maximumConnections: Int = 100_000, usesReserve: Bool = false, balance: AcceptBalance? = nil,
    accept: @escaping (TCPConnection) -> Void
  ) throws(ReactorError) {
    loop.preconditionCurrent()
    self.loop = loop
    self.maximumConnections = maximumConnections
    self.usesReserve = usesReserve
    self.backlog = backlog
    self.balance = balance
    self.accept = accept
    if let shared = balance?.sharedSocket(address) {
      socket = shared
    } else {
      socket = try ListeningSocket(address, backlog: backlog, sharesPort: sharesPort)
    }
    do throws(ReactorError) {
      watch = try loop.watch(socket.descriptor, for: .read, self)
    } catch {
      socket.release()
      throw error
    }
    balance?.join(self, socket, loop)
  }

  /// Finds out whether `address` is free, which `SO_REUSEPORT` alone would not tell: with it, a second server of the same user would
  /// silently share the port. Answers the address with its port filled in when 0 was asked for.
  /// - Throws: `ReactorError.addressInUse` when somebody listens there.
  public static func claim(_ address: SocketAddress) throws(ReactorError) -> SocketAddress {
    let socket = try ListeningSocket(address, backlog: 1, sharesPort: false)
    defer { socket.release() }
    return socket.address
  }

  public func ready(_ events: Interest) {
    guard !closed else { return }
    if events.contains(.error) || events.contains(.hangup) { return close() }
    for _ in 0..<Self.acceptsPerTurn {
      switch acceptOne() {
      case .none: return
      case .exhausted:
        guard makeRoomForDescriptor() else { return pause() }
      case .connection(let descriptor, let peer):
        if let (otherLoop, other) = balance?.choose(from: loop) {
          otherLoop.execute { other.value.adopt(descriptor, peer) }
        } else {
          adopt(descriptor, peer)
        }
      }
      if closed { return }
    }
  }

  private enum Accepted {
    case connection(Int32, SocketAddress)
    case none
    /// The process has no descriptor or memory left.
    case exhausted
  }

  private func acceptOne() -> Accepted {
    for _ in 0..<Self.acceptsPerTurn {
      var storage = sockaddr_storage()
      var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
      let descriptor = cl_accept(socket.descriptor, &storage, &length)
      if descriptor >= 0 { return .connection(descriptor, SocketAddress(storage)) }
      switch errno {
      case EMFILE, ENFILE, ENOMEM, ENOBUFS: return .exhausted
      case EAGAIN: return .none
      // Any other error belongs to a connection that is gone already (accept(2)): the next one may be there.
      default: continue
      }
    }
    return .none
  }

  /// The process has no descriptor left. Answers whether the next connection can be taken.
  private func makeRoomForDescriptor() -> Bool {
    loop.connectionBudget.descriptorsExhausted()
    return loop.closeOldestIdle() || loop.connectionBudget.refuseWithSpare(socket.descriptor)
  }

  /// Begins a connection on this listener's loop, also when the listener has closed meanwhile: whoever was let in is to be told by the
  /// protocol that the server goes, not by a reset.
  private func adopt(_ descriptor: Int32, _ peer: SocketAddress) {
    guard makeRoom() else {
      Glibc.close(descriptor)
      balance?.closed(on: loop)
      return
    }
    do throws(ReactorError) {
      let connection = try TCPConnection(loop: loop, descriptor: descriptor, remoteAddress: peer)
      connection.listener = self
      openConnections += 1
      if !usesReserve { loop.accepted.insert(connection) }
      accept(connection)
    } catch {
      balance?.closed(on: loop)
      if !usesReserve { loop.connectionBudget.closed() }
    }
  }

  /// Takes a place in the budget, if need be that of a connection nobody uses.
  private func makeRoom() -> Bool {
    while true {
      if openConnections < maximumConnections, usesReserve || loop.connectionBudget.take() { return true }
      guard !usesReserve, loop.closeOldestIdle() else {
        loop.connectionBudget.refusedOne()
        return false
      }
    }
  }

  func closed(_ connection: TCPConnection) {
    openConnections -= 1
    balance?.closed(on: loop)
    guard !usesReserve else { return }
    loop.connectionBudget.closed()
    loop.accepted.remove(connection)
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

  /// Stops listening; open connections stay. Those that wait in the kernel's queue are accepted first, because closing the socket would
  /// reset them. Twice is harmless.
  public func close() {
    loop.preconditionCurrent()
    guard !closed else { return }
    closed = true
    if let watch { loop.unwatch(watch) }
    watch = nil
    balance?.leave(loop)
    socket.stopQueueing()
    // No more than could wait when the queue was closed, however fast others come.
    for _ in 0...backlog {
      guard case .connection(let descriptor, let peer) = acceptOne() else { break }
      adopt(descriptor, peer)
    }
    socket.release()
  }
}

internal import Synchronization

/// Spreads a server's connections evenly over its loops.
///
/// The kernel gives a new connection to one of the sockets that share a port by a hash: of a handful of connections, which is what a mesh
/// has between two processes, one loop may get all and the others none. Whoever accepts hands the socket to the loop that has fewest.
public final class AcceptBalance: Sendable {
  private struct Member {
    let loop: EventLoop
    let listener: LoopBound<TCPListener>
    let socket: ListeningSocket
    var connections = 0
  }

  private let members = Mutex<[Member]>([])

  public init() {}

  func join(_ listener: TCPListener, _ socket: ListeningSocket, _ loop: EventLoop) {
    let bound = LoopBound(listener, loop: loop)
    members.withLock { $0.append(Member(loop: loop, listener: bound, socket: socket)) }
  }

  /// The socket of a listener that has bound the same path, counted as used once more. Other addresses can be bound by each loop.
  func sharedSocket(_ address: SocketAddress) -> ListeningSocket? {
    guard case .unix = address else { return nil }
    return members.withLock { members in
      members.lazy.map(\.socket).first { $0.address == address && $0.share() }
    }
  }

  func leave(_ loop: EventLoop) {
    members.withLock { $0.removeAll { $0.loop === loop } }
  }

  /// Counts one connection more where there are fewest, the asking loop first among equals. Answers that listener, nil for the own one.
  func choose(from loop: EventLoop) -> (loop: EventLoop, listener: LoopBound<TCPListener>)? {
    members.withLock { members in
      guard let own = members.firstIndex(where: { $0.loop === loop }) else { return nil }
      var chosen = own
      for index in members.indices where members[index].connections < members[chosen].connections { chosen = index }
      members[chosen].connections += 1
      return chosen == own ? nil : (members[chosen].loop, members[chosen].listener)
    }
  }

  func closed(on loop: EventLoop) {
    members.withLock { members in
      if let index = members.firstIndex(where: { $0.loop === loop }) { members[index].connections -= 1 }
    }
  }
}

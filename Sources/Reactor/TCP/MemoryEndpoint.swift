internal import Glibc

/// One direction between two connections that are joined in memory.
public struct MemoryLink {
  /// Bytes that may be on their way; a writer that has sent as many waits for the reader.
  public var capacity = 256 * 1024
  /// How many of the bytes that have arrived (at least 1) the next read gets. Each read happens in a turn of its own, as if the network had
  /// delivered the rest later.
  public var readLength: (_ available: Int) -> Int = { $0 }

  public init() {}
}

extension TCPConnection {
  /// Two connections of one loop, each the other's peer, without a socket or the kernel: for tests of what stands on connections.
  /// They behave like sockets otherwise: what is written in a turn can be read in the next one, at most one read a turn.
  /// - Parameters:
  ///   - forward: how the second one gets the first one's bytes.
  ///   - backward: how the first one gets the second one's bytes.
  public static func pair(
    on loop: EventLoop, forward: MemoryLink = MemoryLink(), backward: MemoryLink = MemoryLink(),
    addresses: (first: SocketAddress, second: SocketAddress) = (.unix(path: "first"), .unix(path: "second"))
  ) -> (first: TCPConnection, second: TCPConnection) {
    loop.preconditionCurrent()
    let first = MemoryEndpoint(loop: loop, localAddress: addresses.first, input: backward)
    let second = MemoryEndpoint(loop: loop, localAddress: addresses.second, input: forward)
    first.join(second)
    second.join(first)
    return (
      TCPConnection(loop: loop, memory: first, remoteAddress: addresses.second),
      TCPConnection(loop: loop, memory: second, remoteAddress: addresses.first)
    )
  }
}

/// One end of a connection in memory. Loop-bound. Readiness is level-triggered, as epoll's.
final class MemoryEndpoint {
  let localAddress: SocketAddress
  private let loop: EventLoop
  private let input: MemoryLink
  /// Nil when the other end has closed.
  private var peer: MemoryEndpoint?
  private var arrived: [UInt8] = []
  private var inputEnded = false
  private var outputEnded = false
  private var interest: Interest = []
  private var watch: Watch?
  private var isTold = false

  init(loop: EventLoop, localAddress: SocketAddress, input: MemoryLink) {
    self.loop = loop
    self.localAddress = localAddress
    self.input = input
  }

  func join(_ peer: MemoryEndpoint) {
    self.peer = peer
  }

  func send(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard let peer, !peer.inputEnded else { return -Int(EPIPE) }
    let room = peer.input.capacity - peer.arrived.count
    guard room > 0 else { return -Int(EAGAIN) }
    let count = min(room, bytes.count)
    peer.arrived.append(contentsOf: bytes.prefix(count))
    peer.tell()
    return count
  }

  func receive(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    guard !arrived.isEmpty else { return inputEnded ? 0 : -Int(EAGAIN) }
    let count = min(max(1, input.readLength(arrived.count)), arrived.count, buffer.count)
    buffer.copyBytes(from: arrived[..<count])
    arrived.removeFirst(count)
    peer?.tell()
    tell()
    return count
  }

  func endOutput() {
    outputEnded = true
    peer?.inputEnded = true
    peer?.tell()
    tell()
  }

  func close() {
    watch = nil
    endOutput()
    peer?.peer = nil
    peer = nil
  }

  // MARK: - Readiness

  func watch(for interest: Interest, _ handler: any ReadinessHandler) -> Watch {
    let watch = loop.watch(handler)
    self.watch = watch
    modify(for: interest)
    return watch
  }

  func modify(for interest: Interest) {
    self.interest = interest
    tell()
  }

  private var readiness: Interest {
    var ready: Interest = []
    if !arrived.isEmpty || inputEnded { ready.insert(.read) }
    if inputEnded { ready.insert(.inputClosed) }
    if peer.map({ $0.arrived.count < $0.input.capacity }) ?? true { ready.insert(.write) }
    ready.formIntersection(interest)
    // Told whether it was asked for or not.
    if inputEnded && outputEnded { ready.insert(.hangup) }
    return ready
  }

  /// Has the handler told in the next turn what is ready then.
  private func tell() {
    guard let watch, !isTold, !readiness.isEmpty else { return }
    isTold = true
    loop.post(watch) { [self] in
      isTold = false
      return readiness
    }
  }
}

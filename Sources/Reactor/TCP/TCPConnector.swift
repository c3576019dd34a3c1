internal import CLinux
internal import Glibc

extension TCPConnection {
  /// Connects without blocking. `completion` is called once, on the loop, later than this returns.
  public static func connect(
    loop: EventLoop, address: SocketAddress, timeout: Duration,
    completion: @escaping (Result<TCPConnection, ReactorError>) -> Void
  ) {
    loop.preconditionCurrent()
    let attempt = ConnectionAttempt(loop: loop, address: address, completion: completion)
    attempt.begin(timeout: timeout)
  }

  /// A connect to a port of this machine that nobody listens on may get the same port for its own side, and TCP joins the two
  /// (RFC 9293 §3.5, simultaneous open).
  static func isConnectedToItself(_ descriptor: Int32, _ address: SocketAddress) -> Bool {
    address.family != AF_UNIX && SocketAddress.local(of: descriptor) == address
  }
}

/// One attempt to connect: ends by success, by the kernel's error or by its timer, whichever is first.
private final class ConnectionAttempt: ReadinessHandler {
  private let loop: EventLoop
  private let address: SocketAddress
  private var completion: ((Result<TCPConnection, ReactorError>) -> Void)?
  private var descriptor: Int32 = -1
  private var watch: Watch?
  private var timer: Timer?
  /// Until the next attempt, or until a failure is told.
  private var pause: Timer?

  /// How long to wait for room in a unix listener's queue before asking again.
  private static let queuePause = Duration.milliseconds(5)

  init(loop: EventLoop, address: SocketAddress, completion: @escaping (Result<TCPConnection, ReactorError>) -> Void) {
    self.loop = loop
    self.address = address
    self.completion = completion
  }

  func begin(timeout: Duration) {
    descriptor = cl_stream_socket(address.family)
    if descriptor < 0, errno == EMFILE {
      // A connection somebody waits for is worth more than one that nobody uses.
      loop.connectionBudget.descriptorsExhausted()
      if loop.closeOldestIdle() { descriptor = cl_stream_socket(address.family) }
    }
    guard descriptor >= 0 else { return failLater(.last("socket")) }
    timer = loop.schedule(after: timeout) { self.end(.failure(.connectTimedOut(self.address))) }
    attempt()
  }

  private func attempt() {
    let code = address.withSocketAddress { Glibc.connect(descriptor, $0, $1) } == 0 ? 0 : errno
    // connect(2): interrupted, it goes on in the background; a unix socket whose queue is full answers EAGAIN and does not.
    if code == EAGAIN, address.family == AF_UNIX { return attemptLater() }
    guard code == 0 || code == EINPROGRESS || code == EINTR else { return failLater(error(for: code)) }
    do throws(ReactorError) {
      watch = try loop.watch(descriptor, for: .write, self)
    } catch {
      failLater(error)
    }
  }

  /// The kernel does not tell when the queue of a unix listener has room again.
  private func attemptLater() {
    pause = loop.schedule(after: Self.queuePause) {
      self.pause = nil
      self.attempt()
    }
  }

  func ready(_ events: Interest) {
    var code: Int32 = 0
    var length = socklen_t(4)
    getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
    if code == 0, !events.contains(.write) || TCPConnection.isConnectedToItself(descriptor, address) {
      code = ECONNREFUSED
    }
    guard code == 0 else { return end(.failure(error(for: code))) }
    let connected = descriptor
    descriptor = -1
    stopWaiting()
    do throws(ReactorError) {
      end(.success(try TCPConnection(loop: loop, descriptor: connected, remoteAddress: address)))
    } catch {
      end(.failure(error))
    }
  }

  private func failLater(_ error: ReactorError) {
    stopWaiting()
    pause = loop.schedule(after: .zero) { self.end(.failure(error)) }
  }

  private func end(_ result: Result<TCPConnection, ReactorError>) {
    stopWaiting()
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
    completion.take()?(result)
  }

  private func stopWaiting() {
    if let watch { loop.unwatch(watch) }
    if let timer { loop.cancel(timer) }
    if let pause { loop.cancel(pause) }
    watch = nil
    timer = nil
    pause = nil
  }

  private func error(for code: Int32) -> ReactorError {
    switch code {
    case ECONNREFUSED, ENOENT: .connectionRefused(address)
    case ETIMEDOUT: .connectTimedOut(address)
    default: .systemCall(name: "connect", code: code)
    }
  }
}

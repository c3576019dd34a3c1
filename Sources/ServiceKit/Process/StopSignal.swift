internal import Glibc
internal import Synchronization

/// Tells a process when to stop: at SIGTERM or SIGINT, or when somebody in the process says so.
public final class StopSignal: Sendable {
  private struct State {
    var isTriggered = false
    var waiting: [UnsafeContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())

  public init() {}

  public func trigger() {
    let waiting = state.withLock { state in
      state.isTriggered = true
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  public var isTriggered: Bool { state.withLock { $0.isTriggered } }

  /// Returns when the signal has come.
  public func wait() async {
    await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
      let isTriggered = state.withLock { state in
        if !state.isTriggered { state.waiting.append(continuation) }
        return state.isTriggered
      }
      if isTriggered { continuation.resume() }
    }
  }

  /// A signal that SIGTERM and SIGINT trigger; from now on they no longer end the process by themselves. A second one does, so that a
  /// drain that hangs can be cut short. Once a process.
  public static func atTermination() -> StopSignal {
    let stop = StopSignal()
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return stop }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    terminationPipe.store(ends[1], ordering: .sequentiallyConsistent)
    let context = Unmanaged.passRetained(Listener(stop: stop, descriptor: ends[0])).toOpaque()
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { context in
        Unmanaged<Listener>.fromOpaque(context!).takeRetainedValue().listen()
        return nil
      }, context)
    guard code == 0 else {
      Unmanaged<Listener>.fromOpaque(context).release()
      return stop
    }
    pthread_detach(thread)
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { number in StopSignal.note(number) }
    action.sa_flags = SA_RESTART | Int32(bitPattern: UInt32(SA_RESETHAND))
    sigaction(SIGTERM, &action, nil)
    sigaction(SIGINT, &action, nil)
    return stop
  }

  /// The end of the pipe that the handler writes to: a handler may touch little else.
  private static let terminationPipe = Atomic<Int32>(-1)

  private static func note(_ number: Int32) {
    let kept = errno
    var byte = UInt8(truncatingIfNeeded: number)
    _ = Glibc.write(terminationPipe.load(ordering: .sequentiallyConsistent), &byte, 1)
    errno = kept
  }

  private final class Listener: Sendable {
    private let stop: StopSignal
    private let descriptor: Int32

    init(stop: StopSignal, descriptor: Int32) {
      self.stop = stop
      self.descriptor = descriptor
    }

    func listen() {
      var byte: UInt8 = 0
      while Glibc.read(descriptor, &byte, 1) < 0, errno == EINTR {}
      stop.trigger()
    }
  }
}

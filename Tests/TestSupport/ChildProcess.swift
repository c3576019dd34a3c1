public import Foundation
import Synchronization

/// A program that runs beside the test.
///
/// Not Foundation's `Process`: that one passes on the signals its thread blocks (nearly all of them in the threads that run tests, so that a
/// shell never learns of its children's end), and waits for every grandchild that holds a descriptor of its own.
public final class ChildProcess: Sendable {
  public let identifier: pid_t
  private let status = Mutex<Int32?>(nil)

  public struct NotStarted: Error, CustomStringConvertible {
    public let description: String
  }

  /// Starts a program with no signal blocked, every signal at its default, and no descriptor but the three standard ones.
  /// - Parameters:
  ///   - executable: an absolute path, or a name that is looked up in `PATH`.
  ///   - environment: replaces the inherited environment; nil inherits it.
  ///   - input: nothing to read when nil.
  ///   - output: thrown away when nil.
  ///   - error: shared with the test when nil.
  public init(
    _ executable: String, _ arguments: [String], environment: [String: String]? = nil, input: FileHandle? = nil,
    output: FileHandle? = nil, error: FileHandle? = nil
  ) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let nothing = try FileHandle(forUpdating: URL(filePath: "/dev/null"))
    for (number, handle) in [input ?? nothing, output ?? nothing, error ?? .standardError].enumerated() {
      posix_spawn_file_actions_adddup2(&actions, handle.fileDescriptor, Int32(number))
    }
    Self.keepDescriptors()

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var every = sigset_t()
    sigfillset(&every)
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigdefault(&attributes, &every)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

    let variables = environment ?? ProcessInfo.processInfo.environment
    var identifier: pid_t = 0
    let code = Self.withStrings([executable] + arguments) { arguments in
      Self.withStrings(variables.map { "\($0.key)=\($0.value)" }) { environment in
        posix_spawnp(&identifier, executable, &actions, &attributes, arguments, environment)
      }
    }
    guard code == 0 else { throw NotStarted(description: "\(executable): \(String(cString: strerror(code)))") }
    self.identifier = identifier
  }

  /// Lets no other descriptor of the tests reach a child: one that keeps the end of a pipe open would keep its reader waiting.
  private static func keepDescriptors() {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
      guard let descriptor = Int32(name), descriptor > 2 else { continue }
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }
  }

  private static func withStrings<Result>(
    _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
  ) -> Result {
    let strings = texts.map { strdup($0) }
    defer { strings.forEach { free($0) } }
    return body(strings + [nil])
  }

  public var isRunning: Bool {
    status.withLock { status in
      if status == nil { status = Self.reap(identifier, WNOHANG) }
      return status == nil
    }
  }

  /// Waits until it has ended.
  /// - Returns: its exit code, or 128 + the signal that ended it.
  @discardableResult
  public func wait() -> Int32 {
    // Looks without taking, so that nobody who asks `isRunning` meanwhile has to wait.
    var information = siginfo_t()
    while waitid(P_PID, id_t(identifier), &information, WEXITED | WNOWAIT) == -1, errno == EINTR {}
    return status.withLock { status in
      if let status { return status }
      let ended = Self.reap(identifier, 0) ?? -1
      status = ended
      return ended
    }
  }

  private static func reap(_ identifier: pid_t, _ options: Int32) -> Int32? {
    var status: Int32 = 0
    guard waitpid(identifier, &status, options) == identifier else { return nil }
    return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + status & 0x7f
  }

  public func send(_ signal: Int32) {
    if isRunning { kill(identifier, signal) }
  }

  deinit {
    if isRunning {
      kill(identifier, SIGKILL)
      wait()
    }
  }
}

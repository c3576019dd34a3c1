import Glibc

/// A process that this one started, and that the kernel ends with this one.
///
/// Started through `setpriv --pdeathsig`, so that not even `kill -9` of the supervisor leaves it behind. The kernel sends
/// that signal when the *thread* that started the child ends: children are started from the supervisor's own thread,
/// which lives as long as the supervisor. A process group of its own keeps a terminal's Ctrl-C away from it, so that
/// the supervisor can stop its children in order.
struct ChildProcess {
  /// As whom it runs, and which signal it gets when this process is gone.
  struct Privileges {
    /// The user and group it becomes; nil stays who we are.
    var user: String?
    var signalOnOrphaning: String
  }

  /// How a process ended.
  enum Ending: Equatable, CustomStringConvertible {
    case exited(Int32)
    case signalled(Int32)

    init(status: Int32) {
      self = status & 0x7f == 0 ? .exited((status >> 8) & 0xff) : .signalled(status & 0x7f)
    }

    var isSuccess: Bool { self == .exited(0) }

    var description: String {
      switch self {
      case .exited(let code): "exited with code \(code)"
      case .signalled(SIGKILL): "was killed (signal 9)"
      case .signalled(let number):
        "was ended by signal \(number) (\(strsignal(number).map { String(cString: $0) } ?? ""))"
      }
    }
  }

  let processID: pid_t

  /// Starts a program with nothing on its standard input and both outputs appended to a file.
  /// It inherits the working directory, which must be one that its user may enter.
  /// - Parameters:
  ///   - input: a file to read standard input from; nothing when nil.
  ///   - environment: added to what this process has.
  init(
    _ program: String, _ arguments: [String], privileges: Privileges, output: String, input: String? = nil,
    environment: [String: String] = [:]
  ) throws {
    var command = ["setpriv", "--pdeathsig", privileges.signalOnOrphaning]
    if let user = privileges.user { command += ["--reuid=\(user)", "--regid=\(user)", "--clear-groups"] }
    command += ["--", program] + arguments

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, input ?? "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o640)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var every = sigset_t()
    sigfillset(&every)
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigdefault(&attributes, &every)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))

    let variables = Environment.forChildren.merging(environment) { _, new in new }
    var identifier: pid_t = 0
    let code = withCStrings(command) { arguments in
      withCStrings(variables.map { "\($0.key)=\($0.value)" }) { environment in
        posix_spawnp(&identifier, "setpriv", &actions, &attributes, arguments, environment)
      }
    }
    guard code == 0 else {
      throw CommandFailure(
        "cannot start \(program): \(systemErrorText(code))",
        advice: code == ENOENT ? ["setpriv is needed: apt-get install util-linux"] : [])
    }
    processID = identifier
  }

  /// How it ended, or nil while it runs. Ask no more once it has answered: the kernel may give its number to another.
  func ending() -> Ending? {
    var status: Int32 = 0
    while true {
      let result = waitpid(processID, &status, WNOHANG)
      if result == processID { return Ending(status: status) }
      if result < 0 && errno == EINTR { continue }
      return nil
    }
  }

  func signal(_ number: Int32) { kill(processID, number) }
}

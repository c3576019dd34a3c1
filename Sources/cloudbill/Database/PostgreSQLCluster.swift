import Glibc

/// The private PostgreSQL of a data directory: made once, reachable by its unix socket only.
struct PostgreSQLCluster {
  let directory: DataDirectory
  let programs: PostgreSQLPrograms
  let user: DatabaseUser?

  /// Connections all pools of the mesh may hold together.
  private static let maximumConnections = 300
  private static let startTimeout = Swift.Duration.seconds(60)

  /// The version that made the cluster, or nil when there is none yet.
  static func version(in directory: DataDirectory) throws -> Int? {
    try Files.text(directory.cluster + "/PG_VERSION").flatMap { Int($0.prefix { $0.isNumber }) }
  }

  /// Makes the cluster. It takes its place only when it is complete, so that an interrupted attempt leaves nothing half-done.
  func create(_ progress: Progress) throws {
    let unfinished = directory.cluster + ".new"
    try? progress.run("/bin/rm", ["-rf", unfinished], log: directory.log("initdb"))
    try Files.makeDirectory(unfinished, mode: 0o700)
    let passwordFile = directory.superuserPassword
    try Files.write(try directory.password(of: .superuser) + "\n", to: passwordFile, mode: 0o600)
    defer { unlink(passwordFile) }
    if let user {
      for path in [unfinished, passwordFile] where chown(path, user.userID, user.groupID) != 0 {
        throw CommandFailure.system("cannot give to \(user.name)", path, errno)
      }
    }
    try progress.run(
      programs.path("initdb"),
      [
        "-D", unfinished, "-U", DatabaseLogin.superuser.name, "-A", "scram-sha-256", "--pwfile=\(passwordFile)",
        "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums",
      ],
      user: user?.name, log: directory.log("initdb"))
    guard rename(unfinished, directory.cluster) == 0 else {
      throw CommandFailure.system("cannot rename", unfinished, errno)
    }
  }

  /// Waits for the server of a run that was killed: the kernel told it to stop when its parent went.
  func waitForPredecessor(_ progress: Progress) throws {
    let deadline = ContinuousClock.now + .seconds(15)
    while let owner = runningServer() {
      guard ContinuousClock.now < deadline else {
        throw CommandFailure(
          "a PostgreSQL server (process \(owner)) already runs on \(directory.cluster)",
          advice: ["stop it: kill -INT \(owner)"])
      }
      try progress.pause(milliseconds: 100, activity: "the last run's PostgreSQL (process \(owner)) is stopping")
    }
  }

  private func runningServer() -> pid_t? {
    guard let text = try? Files.text(directory.cluster + "/postmaster.pid"),
      let number = text.split(separator: "\n").first.flatMap({ pid_t($0) }),
      let name = try? Files.text("/proc/\(number)/comm"), name.hasPrefix("postgres")
    else { return nil }
    return number
  }

  func start() throws -> ChildProcess {
    try ChildProcess(
      programs.path("postgres"),
      [
        "-D", directory.cluster, "-c", "listen_addresses=", "-c", "port=5432",
        "-c", "unix_socket_directories=\"\(directory.sockets)\"", "-c", "max_connections=\(Self.maximumConnections)",
        "-c", "log_line_prefix=%m [%p] %u ", "-c", "timezone=UTC", "-c", "log_timezone=UTC",
      ],
      // Should the supervisor be killed, this is PostgreSQL's fast shutdown.
      privileges: .init(user: user?.name, signalOnOrphaning: "INT"), output: directory.log("postgres"))
  }

  /// Waits until the server takes connections.
  func waitReady(_ server: ChildProcess, _ progress: Progress) throws {
    let deadline = ContinuousClock.now + Self.startTimeout
    let log = directory.log("postgres")
    while Program.output(of: programs.path("pg_isready"), ["-q", "-h", directory.sockets, "-p", "5432"]) == nil {
      if let ending = server.ending() {
        throw CommandFailure(
          "PostgreSQL \(ending) while starting", advice: Files.lastLines(of: log, count: 8) + ["the whole log: \(log)"])
      }
      guard ContinuousClock.now < deadline else {
        throw CommandFailure("PostgreSQL does not get ready", advice: ["its log: \(log)"])
      }
      try progress.pause(milliseconds: 50, activity: Files.lastLines(of: log, count: 1).first ?? "starting")
    }
  }
}

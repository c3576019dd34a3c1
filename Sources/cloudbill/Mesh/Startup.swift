import Glibc

/// Brings the whole mesh up on this machine, step by step; every step finds what an earlier run has done and goes on from there.
final class Startup {
  private let options: MeshOptions
  private let wantsDemo: Bool
  private let directory: DataDirectory
  private let ports: MeshPorts
  private let progress: Progress
  private let supervisor: Supervisor
  private let executable: String

  private static let healthTimeout = Swift.Duration.seconds(60)

  init(_ options: MeshOptions, wantsDemo: Bool) throws {
    self.options = options
    self.wantsDemo = wantsDemo
    directory = DataDirectory(options.dataPath)
    ports = try options.ports()
    progress = try Progress()
    supervisor = Supervisor(progress)
    executable = Environment.executable
  }

  /// Returns when everything has been stopped again.
  func run() throws {
    // PostgreSQL's user may not enter the directory we were started in.
    let arguments = options.arguments
    guard chdir("/") == 0 else { throw CommandFailure.system("cannot enter", "/", errno) }
    do {
      try start(arguments)
    } catch {
      supervisor.stop()
      throw error
    }
    let interruption = supervisor.watch()
    progress.terminal.line()
    if interruption.signal == SIGHUP { progress.terminal.note("the terminal is gone") }
    supervisor.stop()
    progress.terminal.line("Stopped. The data stays in \(directory.path).")
  }

  private func start(_ arguments: [String]) throws {
    let address = try DatabaseAddress(directory: directory)
    let user = address.isPrivate ? try DatabaseUser.ifNeeded() : nil
    try directory.prepare(databaseUser: user)
    let lock = try DirectoryLock(directory)
    defer { withExtendedLifetime(lock) {} }
    self.lock = lock
    try requireFreePorts()
    let programs = try PostgreSQLPrograms.find(
      clusterVersion: address.isPrivate ? try PostgreSQLCluster.version(in: directory) : nil)
    try directory.prepareSecrets()
    if try directory.demo == nil { try directory.setDemo(wantsDemo ? .wanted : .unwanted) }

    if address.isPrivate {
      try startCluster(PostgreSQLCluster(directory: directory, programs: programs, user: user))
    }
    try progress.step("Preparing the database") {
      try RoleBootstrap(address: address, directory: directory).run(progress, psql: programs.path("psql"))
      try progress.run(executable, ["migrate"] + arguments, log: directory.log("migrate"))
    }
    if try directory.demo == .wanted {
      try progress.step("Writing demo data") {
        try progress.run(executable, ["migrate", "--demo"] + arguments, log: directory.log("migrate"))
        try directory.setDemo(.present)
      }
    }
    try startMesh(arguments)
    try announce()
  }

  private var lock: DirectoryLock?

  private func requireFreePorts() throws {
    try PortCheck.requireFree(
      MeshRole.allCases.flatMap { role in
        [
          (ports.main(role), role == .edge ? "edge" : "\(role) RPC", role == .edge ? options.host : "127.0.0.1"),
          (ports.metrics(role), "\(role) metrics", "127.0.0.1"),
        ]
      })
  }

  private func startCluster(_ cluster: PostgreSQLCluster) throws {
    if try PostgreSQLCluster.version(in: directory) == nil {
      try progress.step("Making a PostgreSQL \(cluster.programs.version) cluster in \(directory.cluster)") {
        try cluster.create(progress)
      }
    }
    let server = SupervisedProcess(name: "PostgreSQL", log: directory.log("postgres")) { try cluster.start() }
    try progress.step("Starting PostgreSQL \(cluster.programs.version)") {
      try cluster.waitForPredecessor(progress)
      try supervisor.start([server], stop: SIGINT, force: SIGQUIT, patience: .seconds(3))
      guard let child = server.child else { return }
      try cluster.waitReady(child, progress)
    }
  }

  private func startMesh(_ arguments: [String]) throws {
    let processes = Dictionary(
      uniqueKeysWithValues: MeshRole.allCases.map { role in
        (
          role,
          SupervisedProcess(name: role.rawValue, log: directory.log(role.rawValue)) { [executable, directory] in
            // A new build may have taken the file's place; the old one is still there under our own process.
            let program = Files.exists(executable) ? executable : "/proc/\(getpid())/exe"
            return try ChildProcess(
              program, ["serve", role.rawValue] + arguments, privileges: .init(user: nil, signalOnOrphaning: "KILL"),
              output: directory.log(role.rawValue), environment: ["CLOUDBILL_SUPERVISOR": "\(getpid())"])
          }
        )
      })
    let services = MeshRole.allCases.filter { $0 != .edge }.compactMap { role in processes[role].map { (role, $0) } }
    try progress.step("Starting \(services.map(\.0.rawValue).joined(separator: ", "))") {
      try supervisor.start(services.map(\.1), stop: SIGTERM, force: SIGKILL, patience: .seconds(2))
      try supervisor.waitHealthy(
        services.map { ($0.1, ports.metrics($0.0)) }, timeout: Self.healthTimeout)
    }
    guard let edge = processes[.edge] else { return }
    try progress.step("Starting edge") {
      try supervisor.start([edge], stop: SIGTERM, force: SIGKILL, patience: .seconds(3))
      try supervisor.waitHealthy([(edge, ports.metrics(.edge))], timeout: Self.healthTimeout)
    }
  }

  private func announce() throws {
    let terminal = progress.terminal
    let shown = ["0.0.0.0": "127.0.0.1", "::": "[::1]"][options.host] ?? options.host
    let url = "http://\(shown):\(ports.main(.edge))"
    terminal.line()
    terminal.line("\(terminal.bold("CloudBill is ready:")) \(terminal.bold(url))")
    terminal.line()
    if try directory.demo == .present {
      terminal.line(
        """
          sign in   \(Demo.email)  password \(Demo.password)
                    (also billing@, user@, viewer@acme.test, admin@globex.test, root@cloudbill.test)
          try       TOKEN=$(curl -s \(url)/api/auth/login -H 'content-type: application/json' \\
                      -d '{"email":"\(Demo.email)","password":"\(Demo.password)"}' | grep -o '"accessToken":"[^"]*' | cut -d '"' -f 4)
                    curl -s \(url)/api/billing/subscriptions -H "authorization: Bearer $TOKEN" \\
                      -H 'x-tenant-id: \(Demo.tenant)'
        """)
    } else {
      terminal.line("  try       curl -s \(url)/health")
    }
    terminal.line("  data      \(directory.path)  (logs in \(directory.logs))")
    terminal.line(
      "  metrics   " + MeshRole.allCases.map { "\($0) :\(ports.metrics($0))" }.joined(separator: "  ") + "  /metrics")
    terminal.line("  stop      Ctrl-C; the data stays")
    terminal.line()
  }

  /// The account that the demo data is shown with.
  private enum Demo {
    static let email = "admin@acme.test"
    static let password = "Demo-Passw0rd"
    static let tenant = "00000000-0000-0000-0000-000000000001"
  }
}

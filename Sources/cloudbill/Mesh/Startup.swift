import Auth
import Glibc
import ServiceKit

/// Brings the whole mesh up on this machine, step by step; every step finds what an earlier run has done and goes on from there.
final class Startup {
  private let options: MeshOptions
  private let wantsDemo: Bool
  private let mode: RunMode
  private let directory: DataDirectory
  private let ports: MeshPorts
  private let progress: Progress
  private let supervisor: Supervisor
  private let executable: String

  private static let healthTimeout = Swift.Duration.seconds(60)

  init(_ options: MeshOptions, wantsDemo: Bool) throws {
    self.options = options
    mode = try options.runMode()
    try options.requireSafeHost()
    self.wantsDemo = wantsDemo && mode == .development
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
      try progress.run(
        executable, ["migrate"] + arguments, log: directory.log("migrate"), environment: databaseVariables(address))
    }
    if try directory.demo == .wanted, mode == .development {
      try progress.step("Writing demo data") {
        try progress.run(
          executable, ["migrate", "--demo"] + arguments, log: directory.log("migrate"),
          environment: databaseVariables(address))
        try directory.setDemo(.present)
      }
    }
    environment = databaseVariables(address)
    try startMesh(arguments)
    try announce()
  }

  private var lock: DirectoryLock?
  /// What the services are told of the database.
  private var environment: [String: String] = [:]

  /// Where the database is, for processes that log in as themselves.
  private func databaseVariables(_ address: DatabaseAddress) -> [String: String] {
    address.urlForServices.map { [DatabaseAddress.variable: $0] } ?? [:]
  }

  private func requireFreePorts() throws {
    try PortCheck.requireFree(
      MeshProcess.all.flatMap { process in
        let isEdge = process == .edge
        return [
          (ports.main(process), isEdge ? "edge" : "\(process.name) RPC", isEdge ? options.host : "127.0.0.1"),
          (ports.metrics(process), "\(process.name) metrics", "127.0.0.1"),
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
    let behind = MeshProcess.all.filter { $0 != .edge }
    try progress.step("Starting \(behind.map(\.name).joined(separator: ", "))") {
      try start(behind, arguments, patience: .seconds(2))
    }
    try progress.step("Starting edge") { try start([.edge], arguments, patience: .seconds(3)) }
  }

  private func start(_ processes: [MeshProcess], _ arguments: [String], patience: Swift.Duration) throws {
    let supervised = processes.map { process in
      SupervisedProcess(
        name: process.name, log: directory.log(process.name), healthPort: ports.metrics(process)
      ) { [executable, directory, environment] in
        // A new build may have taken the file's place; the old one is still there under our own process.
        let program = Files.exists(executable) ? executable : "/proc/\(getpid())/exe"
        return try ChildProcess(
          program, ["serve", process.name] + arguments, privileges: .init(user: nil, signalOnOrphaning: "KILL"),
          output: directory.log(process.name),
          environment: environment.merging(["CLOUDBILL_SUPERVISOR": "\(getpid())"]) { _, new in new })
      }
    }
    try supervisor.start(supervised, stop: SIGTERM, force: SIGKILL, patience: patience)
    try supervisor.waitHealthy(
      zip(supervised, processes).map { ($0, ports.metrics($1)) }, timeout: Self.healthTimeout)
  }

  private func announce() throws {
    let terminal = progress.terminal
    let shown = ["0.0.0.0": "127.0.0.1", "::": "[::1]"][options.host] ?? options.host
    let url = "http://\(shown):\(ports.main(.edge))"
    terminal.line()
    terminal.line("\(terminal.bold("CloudBill is ready:")) \(terminal.bold(url))")
    terminal.line()
    if try directory.demo == .present, mode == .development {
      terminal.line(
        """
          sign in   \(DemoData.email)  password \(DemoPassword.text)
                    (also billing@, user@, viewer@acme.test, admin@globex.test, root@cloudbill.test)
          try       TOKEN=$(curl -s \(url)/api/auth/login -H 'content-type: application/json' \\
                      -d '{"email":"\(DemoData.email)","password":"\(DemoPassword.text)"}' | grep -o '"accessToken":"[^"]*' | cut -d '"' -f 4)
                    curl -s \(url)/api/billing/subscriptions -H "authorization: Bearer $TOKEN" \\
                      -H 'x-tenant-id: \(DemoData.acme)'
        """)
    } else {
      terminal.line(
        "  begin     cloudbill bootstrap --data \(directory.path) --email YOU@EXAMPLE.COM --organization NAME")
      terminal.line("            (once: makes the first tenant and its SUPER_ADMIN)")
      terminal.line("  try       curl -s \(url)/health")
    }
    terminal.line("  data      \(directory.path)  (logs in \(directory.logs))")
    terminal.line(
      "  metrics   " + MeshProcess.all.map { "\($0.name) :\(ports.metrics($0))" }.joined(separator: "  ") + "  /metrics"
    )
    terminal.line("  stop      Ctrl-C; the data stays")
    terminal.line()
  }
}

import Foundation
import Reactor
import Synchronization
import TestSupport
import Testing

@testable import Postgres

@Suite("Attempts to connect")
struct ConnectionAttemptTests {
  static func testPort() throws -> UInt16 {
    try #require(UInt16(TestDatabase.psql(TestEnvironment.postgres, "show port").filter(\.isNumber)))
  }

  static func isUnavailable(_ error: DatabaseError?, because text: String) -> Bool {
    if case .unavailable(let reason)? = error { reason.contains(text) } else { false }
  }

  @Test("every address of a name is tried: one refuses, one is silent, the last one answers")
  func allAddresses() async throws {
    let port = try Self.testPort()
    let group = try EventLoopGroup(count: 1)
    defer { group.stop() }
    _ = try await SilentServer.start(on: group.loops[0], host: "127.0.0.3", port: port)
    try await withDatabase(
      lookUp: { $0 == "db.test" ? .addresses(["127.0.0.2", "127.0.0.3", "127.0.0.1"]) : .failed(reason: "unknown") },
      adjusting: {
        $0.conninfo += " host=db.test port=\(port)"
        $0.connectTimeout = .seconds(6)
        $0.connectionsPerLoop = 1
      }
    ) { database, _ in
      let address = try await database.unscoped(deadline: soon, Statement("select host(inet_server_addr())")) {
        try $0.one()[0, as: String.self]
      }
      #expect(address == "127.0.0.1")
      #expect(database.statistics.connectFailures == 0)
    }
  }

  @Test("when no address answers, each is told")
  func noAddress() async throws {
    let port = freePort()
    try await withDatabase(
      lookUp: { $0 == "db.test" ? .addresses(["127.0.0.2", "127.0.0.1"]) : .failed(reason: "no such name") },
      adjusting: { $0.conninfo = "host=db.test,gone.test port=\(port) user=x dbname=x" }
    ) { database, _ in
      let error = await failure { try await database.unscoped(deadline: soon, Statement("select 1")) }
      for text in ["db.test: ", "127.0.0.2", "127.0.0.1", "the host name gone.test cannot be looked up: no such name"] {
        #expect(Self.isUnavailable(error, because: text), "\(String(describing: error)) lacks \(text)")
      }
    }
  }

  @Test(
    "several hosts with their ports, and what the session must be",
    arguments: [
      ("any", true), ("read-write", true), ("primary", true), ("prefer-standby", true), ("standby", false),
      ("read-only", false),
    ])
  func severalHosts(attributes: String, works: Bool) async throws {
    let port = try Self.testPort()
    let closed = freePort()
    try await withDatabase(
      lookUp: {
        ["a.test": .addresses(["127.0.0.2"]), "b.test": .addresses(["127.0.0.1"])][$0] ?? .failed(reason: "?")
      },
      adjusting: {
        $0.conninfo += " host=a.test,b.test port=\(closed),\(port) target_session_attrs=\(attributes)"
      }
    ) { database, _ in
      let error = await failure { try await database.unscoped(deadline: soon, Statement("select 1")) }
      #expect((error == nil) == works, "\(String(describing: error))")
    }
  }

  @Test("names are looked up off the loop, which goes on meanwhile, and the time that takes counts")
  func offTheLoop() async throws {
    let port = try Self.testPort()
    let gate = DispatchSemaphore(value: 0)
    let onLoop = Tally()
    try await withDatabase(
      lookUp: { _ in
        if EventLoop.current != nil { onLoop.add() }
        // Bounded, so that a look-up on the loop fails the test instead of hanging it.
        _ = gate.wait(timeout: .now() + 10)
        return .addresses(["127.0.0.1"])
      },
      adjusting: {
        $0.conninfo += " host=db.test port=\(port)"
        $0.connectTimeout = .milliseconds(100)
      }
    ) { database, _ in
      // Runs on the loop: were the loop blocked, nothing would ever open the gate.
      let error = await failure { try await database.unscoped(deadline: soon, Statement("select 1")) }
      #expect(Self.isUnavailable(error, because: "in time"), "\(String(describing: error))")
      for _ in 0..<100 { gate.signal() }
      #expect(onLoop.count == 0)
    }
  }

  @Test("a full queue of helpers fails the attempt with a reason")
  func fullQueue() async throws {
    let group = try EventLoopGroup(count: 1)
    defer { group.stop() }
    let helpers = BlockingPool(threads: 1, queueLimit: 1)
    let gate = DispatchSemaphore(value: 0)
    let running = Tally()
    let first = Task {
      try? await helpers.run {
        running.add()
        gate.wait()
      }
    }
    try await eventually("the thread did not begin") { running.count == 1 }
    let second = Task { try? await helpers.run { gate.wait() } }
    try await eventually("the queue did not fill") { helpers.queued == 1 }
    let settings = try #require(ConnectionSettings(DatabaseConfiguration(conninfo: "host=127.0.0.1 port=1")))
    let loop = group.loops[0]
    let reason: String? = await withUnsafeContinuation { continuation in
      loop.execute {
        _ = ConnectionAttempt(loop: loop, settings: settings, helpers: helpers, timeout: .seconds(60)) { outcome in
          if case .failed(let reason) = outcome {
            continuation.resume(returning: reason)
          } else {
            continuation.resume(returning: nil)
          }
        }
      }
    }
    #expect(reason == "the threads that look up host names are all busy")
    for job in [first, second] {
      gate.signal()
      await job.value
    }
    helpers.stop()
  }

  @Test("a server that never answers is given up after the connect timeout")
  func silentServer() async throws {
    let group = try EventLoopGroup(count: 1)
    defer { group.stop() }
    let silent = try await SilentServer.start(on: group.loops[0], host: "127.0.0.1", port: 0)
    var configuration = DatabaseConfiguration(conninfo: "host=127.0.0.1 port=\(silent) dbname=x user=x")
    configuration.connectTimeout = .milliseconds(200)
    let database = Database(group: group, configuration: configuration)
    let error = await failure { try await database.unscoped(deadline: soon, Statement("select 1")) }
    #expect(error == .unavailable(reason: "the server did not answer the connection attempt in time"))
    await database.close()
  }

  @Test("the system's names work; one that is none is named; a broken connection string is not quoted")
  func systemNames() async throws {
    let port = try Self.testPort()
    try await withDatabase(adjusting: { $0.conninfo += " host=localhost port=\(port)" }) { database, _ in
      let count = try await database.unscoped(deadline: soon, Statement("select 1"))
      #expect(count == 1)
    }
    try await withDatabase(adjusting: { $0.conninfo = "host=no.such.host.invalid dbname=x" }) { database, _ in
      let error = await failure { try await database.unscoped(deadline: soon, Statement("select 1")) }
      #expect(Self.isUnavailable(error, because: "the host name no.such.host.invalid cannot be looked up: "))
    }
    for broken in ["password=hush nonsense", "host=a,b hostaddr=10.0.0.1 password=hush"] {
      try await withDatabase(adjusting: { $0.conninfo = broken }) { database, _ in
        let error = await failure { try await database.unscoped(deadline: soon, Statement("select 1")) }
        #expect(Self.isUnavailable(error, because: broken.contains("nonsense") ? "is not valid" : "could not match"))
        #expect(!Self.isUnavailable(error, because: "hush"))
      }
    }
  }

  @Test("hosts come from the environment and from a service file too, and are looked up like any other")
  func environment() async throws {
    await #expect(processExitsWith: .success) {
      let directory = try TemporaryDirectory()
      let file = directory.path + "/services"
      try "[ours]\nhost=service.test\nport=7777\napplication_name=from-service\n".write(
        toFile: file, atomically: true, encoding: .utf8)
      setenv("PGSERVICEFILE", file, 1)
      func expect(_ found: String, _ expected: String) { #expect(found == expected) }
      func servers(_ conninfo: String) -> String {
        let settings = ConnectionSettings(DatabaseConfiguration(conninfo: conninfo)) { .addresses(["\($0)-address"]) }
        switch settings?.open() {
        case .opened(let opening):
          return opening.candidates.servers.map { "\($0.host)|\($0.hostaddr)|\($0.port)" }.joined(separator: " ")
        case .failed(let reason): return reason
        case nil: return "invalid"
        }
      }
      expect(servers("service=ours"), "service.test|service.test-address|7777")
      expect(servers("service=ours host=given.test"), "given.test|given.test-address|7777")
      expect(servers("service=nobody"), #"definition of service "nobody" not found"#)
      setenv("PGHOST", "env.test,/run/pg", 1)
      setenv("PGPORT", "1,2", 1)
      expect(servers("user=x"), "env.test|env.test-address|1 /run/pg||2")
      setenv("PGHOSTADDR", "10.0.0.1,", 1)
      expect(servers("user=x"), "env.test|10.0.0.1|1 /run/pg||2")
    }
  }

  @Test("certificates and the password file are checked against the name, not the address")
  func namesAreKept() async throws {
    let cluster = try ThrowawayCluster(settings: "-c listen_addresses=127.0.0.1 -c ssl=on") { data in
      let made = try runProcess(
        "openssl",
        [
          "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=db.test", "-addext",
          "subjectAltName=DNS:db.test", "-keyout", data + "/server.key", "-out", data + "/server.crt",
        ])
      #expect(made.status == 0, "\(made.errorText)")
      chmod(data + "/server.key", 0o600)
      try "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n".write(
        toFile: data + "/pg_hba.conf", atomically: true, encoding: .utf8)
    }
    let (directory, port) = (try TemporaryDirectory(), cluster.portNumber)
    try TestDatabase.psql(cluster.conninfo, "alter role postgres password 'sesame'")
    let passwords = directory.path + "/passwords"
    try "db.test:\(port):*:postgres:sesame\nother.test:\(port):*:postgres:sesame\n".write(
      toFile: passwords, atomically: true, encoding: .utf8)
    chmod(passwords, 0o600)
    for (name, works) in [("db.test", true), ("other.test", false)] {
      try await withDatabase(
        lookUp: { _ in .addresses(["127.0.0.2", "127.0.0.1"]) },
        adjusting: {
          $0.conninfo =
            "host=\(name) port=\(port) user=postgres dbname=postgres sslmode=verify-full passfile=\(passwords) sslrootcert=\(cluster.path)/data/server.crt"
        }
      ) { database, _ in
        let error = await failure { try await database.unscoped(deadline: soon, Statement("select 1")) }
        #expect((error == nil) == works, "\(String(describing: error))")
        if !works { #expect(Self.isUnavailable(error, because: "does not match host name")) }
      }
    }
  }
}

/// Accepts connections and says nothing.
enum SilentServer {
  /// - Returns: the port.
  static func start(on loop: EventLoop, host: String, port: UInt16) async throws -> UInt16 {
    try await withUnsafeThrowingContinuation { continuation in
      loop.execute {
        continuation.resume(
          with: Result {
            let listener = try TCPListener(
              loop: loop, address: SocketAddress(host: host, port: port), maximumConnections: 8, accept: { _ in })
            return listener.localAddress.port ?? 0
          })
      }
    }
  }
}

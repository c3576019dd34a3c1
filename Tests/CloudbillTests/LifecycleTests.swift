import Foundation
import TestSupport
import Testing

@Suite("The life of cloudbill up", .serialized)
struct LifecycleTests {
  @Test("Ctrl-C stops edge, services and database in this order; the second start finds the data again")
  func stopAndStart() throws {
    let mesh = try RunningMesh()
    try mesh.waitReady()
    let client = try RestClient.signedIn(on: mesh)
    let plan = #"{"id":"kept","name":"Kept","billingCycle":"monthly","price":1,"currency":"USD"}"#
    #expect(try client.post("/api/billing/plans", plan).status == 201)
    #expect(mesh.processes.count >= 5)
    let begin = Date()
    #expect(mesh.interrupt() == 0, "\(mesh.printed)")
    #expect(Date().timeIntervalSince(begin) < 10)
    let stops = mesh.printed.split(separator: "\n").filter { $0.contains("Stopping") }
    #expect(stops.map { $0.split(separator: " ").last ?? "" } == ["edge", "billing", "PostgreSQL"], "\(mesh.printed)")
    #expect(mesh.printed.contains("The data stays"))
    #expect(mesh.processes == [])

    let again = try RunningMesh(data: mesh.data, basePort: mesh.basePort)
    try again.waitReady()
    #expect(!again.printed.contains("Making"))
    #expect(!again.printed.contains("demo data"))
    #expect(try RestClient.signedIn(on: again).get("/api/billing/plans/kept").status == 200)
    again.interrupt()
    #expect(again.processes == [])
  }

  @Test("a process that is killed is started again, and the rest goes on")
  func crash() throws {
    let mesh = try RunningMesh()
    try mesh.waitReady()
    let client = try RestClient.signedIn(on: mesh)
    for name in ["serve billing", "serve auth", "serve edge"] {
      let before = try #require(mesh.child(name))
      kill(before, SIGKILL)
      try mesh.eventually("\(name) running again") {
        guard let now = mesh.child(name) else { return false }
        return now != before
      }
    }
    try mesh.eventually("answering again") {
      (try? client.get("/api/billing/subscriptions").status) == 200
    }
    #expect(mesh.printed.contains("billing was killed (signal 9); restarting"))
    #expect(mesh.interrupt() == 0)
    #expect(mesh.processes == [])
  }

  @Test("a process that hangs is ended and started again")
  func hang() throws {
    let mesh = try RunningMesh(arguments: ["--no-demo"])
    try mesh.waitReady()
    let before = try #require(mesh.child("serve billing"))
    kill(before, SIGSTOP)
    try mesh.eventually("billing running again", within: 120) {
      guard let now = mesh.child("serve billing") else { return false }
      return now != before
    }
    try mesh.eventually("healthy again") {
      // Until it listens again, nobody takes the connection.
      (try? RestClient(url: "http://127.0.0.1:\(mesh.billingMetrics)").get("/health").status) == 200
    }
    #expect(mesh.printed.contains("billing no longer answers: ended"))
    #expect(mesh.interrupt() == 0)
    #expect(mesh.processes == [])
  }

  @Test("while PostgreSQL is down it is 503 with advice to retry; afterwards all is well by itself")
  func databaseDown() throws {
    let mesh = try RunningMesh()
    try mesh.waitReady()
    let client = try RestClient.signedIn(on: mesh)
    let database = try #require(mesh.child("bin/postgres"))
    // Held, so that it does not start the database again at once.
    kill(mesh.supervisor, SIGSTOP)
    kill(database, SIGQUIT)
    try mesh.eventually("503") {
      let reply = try client.get("/api/billing/subscriptions")
      guard reply.status == 503 else { return false }
      #expect(reply.headers["retry-after"].flatMap { Int($0) } ?? 0 > 0)
      #expect(reply.error["code"].text == "SERVICE_UNAVAILABLE")
      return true
    }
    try mesh.eventually("unhealthy") {
      try RestClient(url: "http://127.0.0.1:\(mesh.billingMetrics)").get("/health").status == 503
    }
    try mesh.eventually("told by the edge") {
      let health = try client.get("/health")
      return health.status == 503 && health.json["data"]["status"].text == "unhealthy"
    }
    kill(mesh.supervisor, SIGCONT)
    try mesh.eventually("recovered") { try client.get("/api/billing/subscriptions").status == 200 }
    try mesh.eventually("told by the edge") { try client.get("/health").status == 200 }
    #expect(mesh.interrupt() == 0)
    #expect(mesh.processes == [])
  }

  @Test("killed itself, it leaves no process behind, and starts again")
  func killed() throws {
    let mesh = try RunningMesh(arguments: ["--no-demo"])
    try mesh.waitReady()
    #expect(mesh.processes.count >= 5)
    kill(mesh.supervisor, SIGKILL)
    _ = mesh.waitForEnd()
    let again = try RunningMesh(data: mesh.data, basePort: mesh.basePort)
    try mesh.eventually("free of the killed run's processes") {
      // Those of the second run are there at the same time: its ports tell them apart from what must be gone.
      again.printed.contains("CloudBill is ready") || again.printed.contains("in use")
    }
    again.interrupt()
    try mesh.eventually("rid of all processes") { mesh.processes.isEmpty }
  }

  @Test("a second one on the same data directory is refused, and the first does not notice")
  func secondOne() throws {
    let mesh = try RunningMesh.shared.get()
    let result = try runProcess(
      RunningMesh.program, ["up", "--data", mesh.data, "--base-port", "\(RunningMesh.freeBasePort())"])
    #expect(result.status == 1)
    #expect(result.errorText.contains("another `cloudbill up` (process \(mesh.supervisor)) is running"))
    #expect(try RestClient.signedIn().get("/api/auth/me").status == 200)
  }

  @Test("an administrator who may make roles and databases is enough; two installations share a server")
  func plainAdministrator() throws {
    let owner = try RunningMesh(arguments: ["--no-demo"])
    try owner.waitReady()
    let superuser = try String(contentsOfFile: owner.data + "/secrets/database/postgres", encoding: .utf8)
      .trimmingCharacters(in: .newlines)
    let made = try runProcess(
      "psql",
      [
        "-X", "-d", "host=\(owner.data)/run user=postgres password=\(superuser) dbname=postgres", "-c",
        "CREATE ROLE boss LOGIN CREATEROLE CREATEDB PASSWORD 'b/o@ss'",
      ])
    #expect(made.status == 0, "\(made.errorText)")
    let host = (owner.data + "/run").replacing("/", with: "%2F")
    var meshes: [RunningMesh] = []
    for name in ["first", "second"] {
      let mesh = try RunningMesh(environment: [
        "CLOUDBILL_DATABASE_URL": "postgresql://boss@\(host):5432/\(name)?password=b%2Fo%40ss"
      ])
      try mesh.waitReady()
      #expect(!mesh.printed.contains("b/o@ss"))
      meshes.append(mesh)
    }
    // The second one's passwords have not taken the place of the first one's.
    for mesh in meshes {
      #expect(try RestClient.signedIn(on: mesh).get("/api/billing/plans").status == 200)
      #expect(mesh.interrupt() == 0)
    }
    owner.interrupt()
  }

  @Test("the database may be somebody else's")
  func foreignDatabase() throws {
    let owner = try RunningMesh(arguments: ["--no-demo"])
    try owner.waitReady()
    let password = try String(contentsOfFile: owner.data + "/secrets/database/postgres", encoding: .utf8)
      .trimmingCharacters(in: .newlines)
    let host = (owner.data + "/run").replacing("/", with: "%2F")
    let mesh = try RunningMesh(environment: [
      "CLOUDBILL_DATABASE_URL": "postgresql://postgres:\(password)@\(host):5432/elsewhere"
    ])
    try mesh.waitReady()
    #expect(!FileManager.default.fileExists(atPath: mesh.data + "/postgres"))
    for name in ["serve auth", "serve billing", "serve edge"] {
      let child = try #require(mesh.child(name))
      let variables = String(
        decoding: FileManager.default.contents(atPath: "/proc/\(child)/environ") ?? Data(), as: UTF8.self)
      #expect(variables.contains("CLOUDBILL_DATABASE_URL=postgresql://\(host):5432/elsewhere\0"))
      #expect(!variables.contains(password), "\(name) knows the administrator's password")
    }
    #expect(try RestClient.signedIn(on: mesh).get("/api/billing/plans").status == 200)
    #expect(mesh.interrupt() == 0)
    owner.interrupt()
  }
}

import Auth
import Postgres
import RPC
import Reactor
import Schema
import ServiceKit
import ServiceTesting
import Testing
import TestSupport

@Suite("What a service does by itself")
struct ToyWorkerTests {
  private static let catalogue = ServiceCatalogue([.auth, .toy])

  /// Processes of the toy service over one database.
  private func withToys(
    _ count: Int, clock: WallClock = .system,
    _ body: (TestDatabase, [BenchmarkV1.EchoClient], [RunningService]) async throws -> Void
  ) async throws {
    let database = try await TestDatabase(Self.catalogue, demo: true)
    var services: [RunningService] = []
    for _ in 0..<count { services.append(try await RunningService(.toy, over: database, clock: clock)) }
    try await body(database, services.map { BenchmarkV1.EchoClient($0.channel) }, services)
    for service in services { try await service.end() }
  }

  private func options(_ service: RunningService, key: String? = nil) throws -> CallOptions {
    var options = try service.options(
      user: "0000000a-0000-4000-8000-000000000001", tenant: RestClient.acme, role: .viewer)
    if let key { options.metadata.append(key, for: "idempotency-key") }
    return options
  }

  @Test("three processes deliver each message once in effect and in order, while their connections are killed")
  func killed() async throws {
    try await withToys(3) { database, clients, services in
      let texts = (0..<60).map { String($0) }
      for (number, text) in texts.enumerated() {
        let which = number % 3
        // A killed connection is told as unavailable; with the key it is safe to ask again.
        for attempt in 0..<200 {
          do {
            _ = try await clients[which].echo(
              .init(id: text, planID: "object-\(number % 4)", status: text),
              options: options(services[which], key: text))
            break
          } catch let error as RPCError where attempt < 199 {
            #expect(error.code == .unavailable || error.code == .aborted, "\(error)")
          }
        }
        if number % 5 == 0 {
          try database.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '\(database.login("toy"))'")
        }
      }
      try await eventually("all heard") { try database.sql("SELECT count(*) FROM toy.outbox") == "0" }
      for object in 0..<4 {
        let heard = try database.lines(
          "SELECT text FROM toy.heard WHERE object_id = 'object-\(object)' ORDER BY place")
        #expect(heard == texts.filter { (Int($0) ?? 0) % 4 == object }, "\(heard)")
      }
      #expect(try database.sql("SELECT count(*) FROM toy.notes WHERE text NOT LIKE 'demo%'") == "60")
    }
  }

  @Test(
    "a message that cannot be delivered is tried again later, then set aside; the others of its object wait, those of others do not"
  )
  func poison() async throws {
    let time = TestClock()
    try await withToys(1, clock: time.clock) { database, clients, services in
      for (object, text) in [("a", "poison"), ("a", "after it"), ("b", "another")] {
        _ = try await clients[0].echo(.init(id: text, planID: object, status: text), options: options(services[0]))
      }
      try await eventually("another heard") { try database.sql("SELECT text FROM toy.heard") == "another" }
      try await eventually("set aside") {
        time.advance(by: .seconds(3600))
        return try database.sql("SELECT count(*) FROM toy.outbox WHERE set_aside_at IS NOT NULL") == "1"
      }
      #expect(try database.sql("SELECT attempts FROM toy.outbox WHERE set_aside_at IS NOT NULL") == "12")
      #expect(try database.lines("SELECT text FROM toy.heard") == ["another"])
      let group = try EventLoopGroup(count: 1, name: "operator")
      let owner = Database(group: group, configuration: DatabaseConfiguration(conninfo: database.ownerConninfo))
      let messages = SetAsideMessages(.toy)
      let waiting = try await messages.list(owner, deadline: .after(.seconds(60)))
      #expect(waiting.map(\.topic) == ["note.made"] && waiting.map(\.object) == ["a"])
      try database.sql("UPDATE toy.outbox SET payload = '' WHERE set_aside_at IS NOT NULL")
      let number = try #require(waiting.first?.number)
      #expect(
        try await messages.resend(number + 1, owner, now: time.clock.now, deadline: .after(.seconds(60))) == 0)
      #expect(try await messages.resend(number, owner, now: time.clock.now, deadline: .after(.seconds(60))) == 1)
      await owner.close()
      group.stop()
      try await eventually("the rest heard") {
        try database.sql("SELECT string_agg(text, ',' ORDER BY place) FROM toy.heard") == "another,,after it"
      }
    }
  }

  @Test("a turn that runs when the process is told to stop is finished, and its worker is counted")
  func drain() async throws {
    try await withToys(1) { database, clients, services in
      let blocker = try database.hold("LOCK TABLE toy.heard IN ACCESS EXCLUSIVE MODE")
      _ = try await clients[0].echo(.init(id: "1", planID: "a", status: "late"), options: options(services[0]))
      try await eventually("delivering") { try database.isAnybodyWaiting() }
      services[0].tellToStop()
      let page = RestClient(url: "http://\(services[0].addresses.metrics)")
      try await eventually("draining") { try page.get("/health").status == 503 }
      #expect(
        try page.get("/metrics").text.contains(
          #"cloudbill_worker_turns_total{service="toy",worker="outbox",outcome="worked"}"#))
      blocker.release()
      try await services[0].end()
      #expect(try database.lines("SELECT text FROM toy.heard") == ["late"])
      #expect(try database.sql("SELECT count(*) FROM toy.outbox") == "0")
    }
  }

  /// Waits for something that comes by itself; generous, since the machine may be busy.
  private func eventually(_ what: String, _ condition: () throws -> Bool) async throws {
    for _ in 0..<2400 {
      if try condition() { return }
      try await Task.sleep(for: .milliseconds(25))
    }
    Issue.record("not \(what)")
  }
}

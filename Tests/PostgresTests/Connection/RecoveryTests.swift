import Postgres
import Reactor
import TestSupport
import Testing

@Suite("Lost connections")
struct RecoveryTests {
  /// Ends every other session and waits until it has gone.
  static let killOthers =
    """
    select pg_terminate_backend(pid, 60000) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
    """

  @Test("a backend killed while idle is replaced without anybody noticing, also when the pool has not noticed it yet")
  func killedIdle() async throws {
    try await withDatabase(adjusting: { $0.connectionsPerLoop = 2 }) { database, test in
      for round in 1...3 {
        let count = try await database.unscoped(deadline: soon, Statement("select 1"))
        #expect(count == 1)
        // Runs on the loop and holds it: the pool cannot have read that its connection has gone when the next call comes.
        try test.sql(Self.killOthers)
        #expect(database.statistics.connectionsLost == round - 1)
        let again = try await database.unscoped(deadline: soon, Statement("select 1"))
        #expect(again == 1)
        #expect(database.statistics.connectionsLost == round)
      }
    }
  }

  @Test("a backend killed under a statement: the error says that nothing was committed, and the next call works")
  func killedInStatement() async throws {
    try await withDatabase("create table t (n int8);", adjusting: { $0.connectionsPerLoop = 1 }) { database, test in
      let running = Task {
        await failure {
          try await database.unscoped(deadline: soon, Statement("insert into t select 1 from pg_sleep(60)"))
        }
      }
      // Sent behind it on the same connection: never run.
      try await eventually("it never began") { try DeadlineTests.sleepers(test) == 1 }
      try test.sql(Self.killOthers)
      let error = await running.value
      guard case .unavailable? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      try await database.unscoped(deadline: soon, Statement("insert into t values (2)"))
      try test.expect("select n from t", prints: "2\n")
    }
  }

  @Test("a backend killed between the steps of a transaction: rolled back, said, recovered")
  func killedInTransaction() async throws {
    try await withDatabase("create table t (n int8);", adjusting: { $0.connectionsPerLoop = 1 }) { database, test in
      let error = await failure {
        try await database.unscoped(deadline: soon) { transaction in
          try await transaction.execute(Statement("insert into t values (1)"))
          try test.sql(Self.killOthers)
          try await eventually("the loss was not noticed") { database.statistics.connectionsLost == 1 }
          try await transaction.execute(Statement("insert into t values (2)"))
        }
      }
      guard case .unavailable? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      try await database.unscoped(deadline: soon, Statement("insert into t values (3)"))
      try test.expect("select n from t", prints: "3\n")
      #expect(database.statistics.leases == 0)
    }
  }

  @Test("a server that dies under a commit leaves its outcome unknown, and says so")
  func diesInCommit() async throws {
    let cluster = try ThrowawayCluster()
    try await withServer(cluster) { database in
      // A deferred trigger makes the commit itself last.
      try TestDatabase.psql(
        cluster.conninfo,
        """
        create table t (n int8);
        create function wait() returns trigger language plpgsql as $$ begin perform pg_sleep(60); return null; end $$;
        create constraint trigger slow after insert on t deferrable initially deferred for each row execute function wait();
        """)
      let single = Task {
        await failure { try await database.unscoped(deadline: soon, Statement("insert into t values (1)")) }
      }
      let interactive = Task {
        await failure {
          try await database.unscoped(deadline: soon) {
            _ = try await $0.execute(Statement("insert into t values (2)"))
          }
        }
      }
      try await eventually("they never came to the commit") {
        try TestDatabase.psql(cluster.conninfo, "select count(*) from pg_stat_activity where wait_event = 'PgSleep'")
          == "2\n"
      }
      // Shot, not asked: no last words.
      try TestDatabase.psql(cluster.conninfo, "select 1")
      try cluster.stop("immediate")
      let errors = [await single.value, await interactive.value]
      // "immediate" still lets backends say 57P02 before they go: then it is known that nothing was committed.
      for error in errors {
        let isHonest =
          switch error {
          case .commitUnknown?, .unavailable?: true
          default: false
          }
        #expect(isHonest, "\(String(describing: error))")
      }
    }
  }

  @Test("a backend that is shot under a commit without last words")
  func shotInCommit() async throws {
    let cluster = try ThrowawayCluster()
    try await withServer(cluster) { database in
      let pid = try await database.unscoped(deadline: soon, Statement("select pg_backend_pid()")) {
        try $0.one()[0, as: Int32.self]
      }
      let running = Task {
        await failure { try await database.unscoped(deadline: soon, Statement("select pg_sleep(60)")) }
      }
      try await eventually("it never began") {
        try TestDatabase.psql(cluster.conninfo, "select count(*) from pg_stat_activity where wait_event = 'PgSleep'")
          == "1\n"
      }
      _ = try runProcess("kill", ["-KILL", String(pid)])
      let error = await running.value
      #expect(error == .commitUnknown)
      // The server restarts itself; the pool comes back by itself.
      try await eventually("it never recovered") {
        await failure { try await database.unscoped(deadline: soon, Statement("select 1")) } == nil
      }
    }
  }

  @Test("while the server is down calls fail at once; when it is back they work, without anybody's help")
  func stopAndStart() async throws {
    let cluster = try ThrowawayCluster()
    try await withServer(cluster) { database in
      for mode in ["fast", "immediate"] {
        try await database.unscoped(deadline: soon, Statement("select 1"))
        try cluster.stop(mode)
        for _ in 0..<20 {
          let started = Instant.now()
          let error = await failure { try await database.unscoped(deadline: soon, Statement("select 1")) }
          guard case .unavailable? = error else {
            Issue.record("\(String(describing: error))")
            return
          }
          // The deadline is a minute away: far less than it, whatever the machine does meanwhile.
          #expect(started.duration(to: .now()) < .seconds(20))
        }
        try cluster.start()
        try await eventually("it never recovered") {
          await failure { try await database.unscoped(deadline: soon, Statement("select 1")) } == nil
        }
      }
    }
  }

  private func withServer(
    _ cluster: ThrowawayCluster, _ body: @escaping @Sendable (Database) async throws -> Void
  ) async throws {
    let group = try EventLoopGroup(count: 1, name: "pg-recovery")
    let database = Database(group: group, configuration: DatabaseConfiguration(conninfo: cluster.conninfo))
    let outcome = await Task(executorPreference: group.loops[0]) { try await body(database) }.result
    await database.close()
    group.stop()
    try outcome.get()
  }
}

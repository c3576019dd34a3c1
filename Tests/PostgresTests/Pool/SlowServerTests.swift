import Reactor
import TestSupport
import Testing

@testable import Postgres

/// A server that takes its time. The loop's clock is moved by hand, so that minutes pass at once, and what makes the server slow is a lock
/// that the test holds or a process that it has stopped.
@Suite("A slow server and the deadline")
struct SlowServerTests {
  /// A commit of a row in `t` waits for the advisory lock 1.
  static let slowCommit = """
    create table t (n int8);
    create function wait() returns trigger language plpgsql as
      $$ begin perform pg_advisory_xact_lock(1); return null; end $$;
    create constraint trigger slow after insert on t deferrable initially deferred for each row execute function wait();
    """

  /// Holds the advisory lock 1 until the gate is opened.
  static func holdLock(_ test: TestDatabase) async throws -> (gate: Gate, holder: Task<Void, any Error>) {
    let gate = Gate()
    let taken = Gate()
    let holder = Task {
      let group = try EventLoopGroup(count: 1)
      let database = Database(group: group, configuration: DatabaseConfiguration(conninfo: test.conninfo))
      try await database.unscoped(deadline: .never) { transaction in
        try await transaction.execute(Statement("select pg_advisory_xact_lock(1)"))
        taken.open()
        await gate.wait()
      }
      await database.close()
      group.stop()
    }
    await taken.wait()
    return (gate, holder)
  }

  static func waiters(_ test: TestDatabase) throws -> Int {
    let text = try test.sql(
      "select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'advisory'")
    return Int(text.filter(\.isNumber)) ?? -1
  }

  @Test("a commit may take until the deadline", arguments: [true, false])
  func slowCommit(interactive: Bool) async throws {
    let clock = ManualClock()
    try await withDatabase(Self.slowCommit, clock: clock, adjusting: { $0.connectionsPerLoop = 1 }) { database, test in
      let (gate, holder) = try await Self.holdLock(test)
      let deadline = clock.deadline(after: .seconds(60))
      let writer = Task {
        await failure {
          let insert = Statement("insert into t values (1)")
          if interactive {
            try await database.unscoped(deadline: deadline) { _ = try await $0.execute(insert) }
          } else {
            _ = try await database.unscoped(deadline: deadline, insert)
          }
        }
      }
      try await eventually("the commit does not wait") { try Self.waiters(test) == 1 }
      await Self.advance(clock, by: .seconds(59))
      gate.open()
      let error = await writer.value
      #expect(error == nil)
      try test.expect("select n from t", prints: "1\n")
      #expect(database.statistics.connectionsLost == 0)
      #expect(database.statistics.cancels == 0)
      try await holder.value
    }
  }

  @Test("a commit that takes longer is cancelled, and what the server says of it is told", arguments: [true, false])
  func tooSlowCommit(interactive: Bool) async throws {
    let clock = ManualClock()
    try await withDatabase(Self.slowCommit, clock: clock, adjusting: { $0.connectionsPerLoop = 1 }) { database, test in
      let (gate, holder) = try await Self.holdLock(test)
      let deadline = clock.deadline(after: .seconds(60))
      let writer = Task {
        await failure {
          let insert = Statement("insert into t values (1)")
          if interactive {
            try await database.unscoped(deadline: deadline) { _ = try await $0.execute(insert) }
          } else {
            _ = try await database.unscoped(deadline: deadline, insert)
          }
        }
      }
      try await eventually("the commit does not wait") { try Self.waiters(test) == 1 }
      await Self.advance(clock, by: .seconds(60) + RequestState.timeoutGrace)
      let error = await writer.value
      #expect(error == .timeout)
      #expect(database.statistics.cancels == 1)
      gate.open()
      try await holder.value
      try test.expect("select count(*) from t", prints: "0\n")
    }
  }

  @Test("a deadline that passes before the commit rolls back instead")
  func deadlineBeforeCommit() async throws {
    let clock = ManualClock()
    try await withDatabase("create table t (n int8);", clock: clock) { database, test in
      let error = await failure {
        try await database.unscoped(deadline: clock.deadline(after: .seconds(10))) { transaction in
          try await transaction.execute(Statement("insert into t values (1)"))
          await Self.advance(clock, by: .seconds(10))
        }
      }
      #expect(error == .timeout)
      try test.expect("select count(*) from t", prints: "0\n")
      #expect(database.statistics.connectionsLost == 0)
    }
  }

  @Test("a rollback may take until the deadline too, and the connection is used again")
  func slowRollback() async throws {
    let clock = ManualClock()
    try await withDatabase("create table t (n int8);", clock: clock, adjusting: { $0.connectionsPerLoop = 1 }) {
      database, test in
      let sent = Gate()
      let deadline = clock.deadline(after: .seconds(60))
      let pid = try await Self.backend(database)
      let writer = Task(executorPreference: try Self.loop()) {
        await failure {
          try await database.unscoped(deadline: deadline) { transaction in
            try await transaction.execute(Statement("insert into t values (1)"))
            try Self.signal("STOP", pid)
            sent.open()
            throw DatabaseError.unexpectedResult("the body gives up")
          }
        }
      }
      await sent.wait()
      await Self.advance(clock, by: .seconds(50))
      try Self.signal("CONT", pid)
      let error = await writer.value
      #expect(error == .unexpectedResult("the body gives up"))
      #expect(try await Self.backend(database) == pid)
      #expect(database.statistics.connectionsLost == 0)
    }
  }

  @Test("a server that falls silent is given up after the deadline, and the outcome of a commit is told as unknown")
  func silentServer() async throws {
    let clock = ManualClock()
    try await withDatabase("create table t (n int8);", clock: clock, adjusting: { $0.connectionsPerLoop = 1 }) {
      database, test in
      let pid = try await Self.backend(database)
      try Self.signal("STOP", pid)
      defer { _ = try? Self.signal("CONT", pid) }
      let deadline = clock.deadline(after: .seconds(60))
      let writer = Task(executorPreference: try Self.loop()) {
        await failure { _ = try await database.unscoped(deadline: deadline, Statement("insert into t values (1)")) }
      }
      await Self.advance(clock, by: .zero)
      await Self.advance(clock, by: .seconds(60))
      #expect(database.statistics.connectionsLost == 0)
      await Self.advance(clock, by: RequestState.timeoutGrace + RequestState.cancelGrace)
      let error = await writer.value
      #expect(error == .commitUnknown)
      #expect(database.statistics.connectionsLost == 1)
    }
  }

  @Test("a cancelled request that the server does not end is no reason to end another one on its connection")
  func neighbour() async throws {
    let clock = ManualClock()
    try await withDatabase(clock: clock, adjusting: { $0.connectionsPerLoop = 1 }) { database, test in
      let pid = try await Self.backend(database)
      let slow = Task {
        await failure { _ = try await database.unscoped(deadline: .never, Statement("select pg_sleep(60)")) }
      }
      try await eventually("it never began") { try DeadlineTests.sleepers(test) == 1 }
      let neighbour = Task(executorPreference: try Self.loop()) {
        await failure {
          _ = try await database.unscoped(deadline: clock.deadline(after: .seconds(60)), Statement("select 1"))
        }
      }
      try Self.signal("STOP", pid)
      await Self.advance(clock, by: .zero)
      slow.cancel()
      try await eventually("no request to cancel was sent") { database.statistics.cancels == 1 }
      await Self.advance(clock, by: .seconds(30))
      let error = await slow.value
      #expect(error == .commitUnknown)
      #expect(database.statistics.connectionsLost == 0)
      try Self.signal("CONT", pid)
      let other = await neighbour.value
      #expect(other == nil)
      #expect(database.statistics.connectionsLost == 0)
    }
  }

  @Test(
    "the server is told the time left: to the statements, again when much of it has passed, and to an idle transaction")
  func timeLeft() async throws {
    let clock = ManualClock()
    try await withDatabase(
      clock: clock,
      adjusting: {
        $0.connectionsPerLoop = 1
        $0.statementTimeout = .seconds(200)
        $0.idleTransactionTimeout = .seconds(7)
      }
    ) { database, _ in
      try await database.unscoped(deadline: clock.deadline(after: .seconds(100))) { transaction in
        let first = try await Self.shown(transaction)
        #expect(first == [100_001, 101_001])
        await Self.advance(clock, by: .seconds(40))
        let second = try await Self.shown(transaction)
        #expect(second == [100_001, 101_001], "the client keeps the deadline, and telling it again costs something")
        await Self.advance(clock, by: .seconds(40))
        let third = try await Self.shown(transaction)
        #expect(third == [20_001, 101_001])
      }
      try await database.unscoped(deadline: .never) { transaction in
        let without = try await Self.shown(transaction)
        #expect(without == [200_000, 7_000])
      }
      let (far, session) = try await database.unscoped(deadline: .never, Self.show) { rows in
        (try rows.one()[0, as: Int64.self], try rows.one()[1, as: Int64.self])
      }
      #expect(far == 200_000)
      #expect(session == 7_000)
    }
  }

  /// The loop that the test runs on: what a task sends from there has been sent once the clock has settled.
  static func loop() throws -> EventLoop { try #require(EventLoop.current) }

  static let show = Statement(
    """
    select (select setting::int8 from pg_settings where name = 'statement_timeout'),
      (select setting::int8 from pg_settings where name = 'idle_in_transaction_session_timeout')
    """)

  static func shown(_ transaction: Transaction) async throws -> [Int64] {
    try await transaction.query(show) { rows in
      let row = try rows.one()
      return [try row[0, as: Int64.self], try row[1, as: Int64.self]]
    }
  }

  /// Moves the clock. Not from the loop itself, which would wait for itself to have nothing to do.
  static func advance(_ clock: ManualClock, by time: Duration) async {
    await Task.detached { await clock.advance(by: time) }.value
  }

  static func backend(_ database: Database) async throws -> Int32 {
    try await database.unscoped(deadline: .never, Statement("select pg_backend_pid()")) {
      try $0.one()[0, as: Int32.self]
    }
  }

  static func signal(_ name: String, _ pid: Int32) throws {
    let result = try runProcess("kill", ["-\(name)", String(pid)])
    #expect(result.status == 0, "\(result.errorText)")
  }
}

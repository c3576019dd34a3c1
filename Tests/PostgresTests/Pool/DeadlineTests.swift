import Postgres
import Reactor
import TestSupport
import Testing

@Suite("Deadlines and cancellation")
struct DeadlineTests {
  static func sleepers(_ test: TestDatabase) throws -> Int {
    let text = try test.sql(
      """
      select count(*) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and state = 'active' and query like '%pg_sleep%'
      """)
    return Int(text.filter(\.isNumber)) ?? -1
  }

  @Test("the server is told the deadline as statement_timeout, for this transaction only")
  func statementTimeout() async throws {
    try await withDatabase(adjusting: {
      $0.connectionsPerLoop = 1
      $0.statementTimeout = .seconds(20)
    }) { database, _ in
      let show = Statement("select setting::int8 from pg_settings where name = 'statement_timeout'")
      func shown(_ deadline: Deadline) async throws -> Int64 {
        try await database.unscoped(deadline: deadline, show) { try $0.one()[0, as: Int64.self] }
      }
      let near = try await shown(.after(.seconds(10)))
      #expect(near > 1_000 && near <= 10_000)
      let far = try await shown(.after(.seconds(100)))
      #expect(far == 20_000)
      let none = try await shown(.never)
      #expect(none == 20_000)
    }
  }

  @Test("a statement that passes its deadline ends on the server too, and the connection is used again")
  func deadline() async throws {
    try await withDatabase(adjusting: { $0.connectionsPerLoop = 1 }) { database, test in
      let error = await failure {
        try await database.unscoped(deadline: .after(.milliseconds(300)), Statement("select pg_sleep(60)"))
      }
      #expect(error == .timeout)
      let sleeping = try Self.sleepers(test)
      #expect(sleeping == 0)
      try await database.unscoped(deadline: soon, Statement("select 1"))
      #expect(database.statistics.connectionsLost == 0)
    }
  }

  @Test("a server whose own timeout is switched off is asked to cancel")
  func deadlineWithoutServerTimeout() async throws {
    try await withDatabase(adjusting: { $0.connectionsPerLoop = 1 }) { database, test in
      let error = await failure {
        try await database.unscoped(
          deadline: .after(.milliseconds(300)),
          // The setting is read when a statement begins, so the second of the two has none.
          [Statement("select set_config('statement_timeout', '0', true)"), Statement("select pg_sleep(60)")])
      }
      #expect(error == .timeout)
      #expect(database.statistics.cancels == 1)
      try await eventually("the statement runs on") { try Self.sleepers(test) == 0 }
      try await database.unscoped(deadline: soon, Statement("select 1"))
      #expect(database.statistics.connectionsLost == 0)
    }
  }

  @Test("cancelling the task ends the SQL it waits for", arguments: [true, false])
  func cancelledTask(interactive: Bool) async throws {
    try await withDatabase(adjusting: { $0.connectionsPerLoop = 1 }) { database, test in
      let task = Task {
        await failure {
          if interactive {
            try await database.tenant(.random(), deadline: soon) {
              _ = try await $0.query(Statement("select pg_sleep(60)"))
            }
          } else {
            try await database.tenant(.random(), deadline: soon, Statement("select pg_sleep(60)"))
          }
        }
      }
      try await eventually("it never began") { try Self.sleepers(test) == 1 }
      task.cancel()
      let error = await task.value
      #expect(error == .cancelled)
      let sleeping = try Self.sleepers(test)
      #expect(sleeping == 0)
      try await database.unscoped(deadline: soon, Statement("select 1"))
    }
  }

  @Test("a task that was cancelled before sends nothing")
  func cancelledBefore() async throws {
    try await withDatabase("create table t (n int8);") { database, test in
      let task = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        return await failure { try await database.unscoped(deadline: soon, Statement("insert into t values (1)")) }
      }
      let error = await task.value
      #expect(error == .cancelled)
      try test.expect("select count(*) from t", prints: "0\n")
    }
  }

  @Test("a deadline that has passed already sends nothing")
  func passedBefore() async throws {
    try await withDatabase { database, _ in
      let error = await failure { try await database.unscoped(deadline: .after(.seconds(-1)), Statement("select 1")) }
      #expect(error == .timeout)
      #expect(database.statistics.connections == 0)
    }
  }

  @Test("who shares a connection with a cancelled statement gets its own answer")
  func bystanders() async throws {
    try await withDatabase(adjusting: {
      $0.connectionsPerLoop = 1
      $0.pipelineDepth = 64
    }) { database, test in
      try await database.unscoped(deadline: soon, Statement("select 1"))
      for _ in 0..<10 {
        let slow = Task {
          await failure { try await database.unscoped(deadline: soon, Statement("select pg_sleep(60)")) }
        }
        let quick = (0..<20).map { number in
          Task {
            try await database.unscoped(deadline: soon, Statement("select $1, pg_sleep(0.001)", Int64(number))) {
              try $0.one()[0, as: Int64.self]
            }
          }
        }
        try await eventually("it never began") { try Self.sleepers(test) == 1 }
        slow.cancel()
        let error = await slow.value
        #expect(error == .cancelled)
        for (number, task) in quick.enumerated() {
          let answer = try await task.value
          #expect(answer == Int64(number))
        }
      }
    }
  }
}

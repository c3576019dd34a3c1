import Postgres
import Reactor
import Synchronization
import TestSupport
import Testing

@Suite("The pool's bounds")
struct BoundsTests {
  @Test("never more connections than allowed, and every call is answered")
  func connections() async throws {
    try await withDatabase(adjusting: { $0.connectionsPerLoop = 3 }) { database, test in
      try await withThrowingTaskGroup { group in
        for number in 0..<200 {
          group.addTask {
            let answer = try await database.unscoped(
              deadline: soon, Statement("select $1, pg_sleep(0.002)", Int64(number))
            ) {
              try $0.one()[0, as: Int64.self]
            }
            #expect(answer == Int64(number))
          }
        }
        try await group.waitForAll()
      }
      #expect(database.statistics.connections <= 3)
      try test.expect(
        "select count(*) <= 3 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
        prints: "t\n")
    }
  }

  @Test("one more waiter than allowed is refused at once")
  func waiters() async throws {
    try await withDatabase(adjusting: {
      $0.connectionsPerLoop = 1
      $0.waitersPerLoop = 2
    }) { database, _ in
      let gate = Gate()
      let holder = Task {
        try await database.unscoped(deadline: soon) { transaction in
          try await transaction.execute(Statement("select 1"))
          await gate.wait()
        }
      }
      try await eventually("the connection was not taken") { database.statistics.leases == 1 }
      let waiting = (0..<2).map { _ in Task { try await database.unscoped(deadline: soon, Statement("select 1")) } }
      try await eventually("they do not wait") { database.statistics.waiting == 2 }
      let error = await failure { try await database.unscoped(deadline: soon, Statement("select 1")) }
      #expect(error == .poolExhausted)
      gate.open()
      try await holder.value
      for task in waiting {
        let count = try await task.value
        #expect(count == 1)
      }
      #expect(database.statistics.waiting == 0)
    }
  }

  @Test("a deadline passes while waiting, and whoever waits behind is served")
  func waiterTimesOut() async throws {
    try await withDatabase(adjusting: { $0.connectionsPerLoop = 1 }) { database, _ in
      let gate = Gate()
      let holder = Task {
        try await database.unscoped(deadline: soon) { transaction in
          try await transaction.execute(Statement("select 1"))
          await gate.wait()
        }
      }
      try await eventually("the connection was not taken") { database.statistics.leases == 1 }
      let patient = Task { try await database.unscoped(deadline: soon, Statement("select 1")) }
      let error = await failure {
        try await database.unscoped(deadline: .after(.milliseconds(50)), Statement("select 1"))
      }
      #expect(error == .timeout)
      let cancelled = Task { await failure { try await database.unscoped(deadline: soon, Statement("select 1")) } }
      try await eventually("they do not wait") { database.statistics.waiting == 2 }
      cancelled.cancel()
      let refusal = await cancelled.value
      #expect(refusal == .cancelled)
      gate.open()
      try await holder.value
      let count = try await patient.value
      #expect(count == 1)
    }
  }

  @Test("an interactive transaction is not overtaken for ever by single statements")
  func fairness() async throws {
    try await withDatabase(adjusting: { $0.connectionsPerLoop = 1 }) { database, _ in
      let stop = Tally()
      await withTaskGroup { group in
        for _ in 0..<8 {
          group.addTask {
            while stop.count == 0 {
              let error = await failure { try await database.unscoped(deadline: soon, Statement("select 1")) }
              #expect(error == nil)
            }
          }
        }
        for _ in 0..<20 {
          let error = await failure {
            try await database.unscoped(deadline: soon) { _ = try await $0.execute(Statement("select 1")) }
          }
          #expect(error == nil)
        }
        stop.add()
      }
    }
  }

  @Test("a closed database refuses politely and holds no connection")
  func closed() async throws {
    try await withDatabase { database, test in
      try await database.unscoped(deadline: soon, Statement("select 1"))
      await database.close()
      let error = await failure { try await database.unscoped(deadline: soon, Statement("select 1")) }
      #expect(error == .unavailable(reason: "the database was closed"))
      try await eventually("a connection stayed") {
        try test.sql("select count(*) from pg_stat_activity where datname = current_database()") == "1\n"
      }
    }
  }
}

/// Holds whoever waits until it is opened.
final class Gate: Sendable {
  private let state = Mutex<(isOpen: Bool, waiting: [UnsafeContinuation<Void, Never>])>((false, []))

  func wait() async {
    await withUnsafeContinuation { continuation in
      let isOpen = state.withLock { state in
        if !state.isOpen { state.waiting.append(continuation) }
        return state.isOpen
      }
      if isOpen { continuation.resume() }
    }
  }

  func open() {
    let waiting = state.withLock { state in
      state.isOpen = true
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }
}

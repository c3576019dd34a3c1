import Postgres
import Reactor
import TestSupport
import Testing

@Suite("An interactive transaction")
struct TransactionTests {
  static let accounts =
    "create table account (id int8 primary key, amount int8 not null); insert into account values (1, 100), (2, 100);"

  @Test("is committed when its body returns")
  func commits() async throws {
    try await withDatabase(Self.accounts) { database, test in
      let sum = try await database.unscoped(deadline: soon) { transaction in
        try await transaction.execute(Statement("update account set amount = amount - $1 where id = 1", Int64(30)))
        try await transaction.execute(Statement("update account set amount = amount + $1 where id = 2", Int64(30)))
        return try await transaction.query(Statement("select sum(amount)::int8 from account")) {
          try $0.one()[0, as: Int64.self]
        }
      }
      #expect(sum == 200)
      try test.expect("select amount from account order by id", prints: "70\n130\n")
    }
  }

  @Test("is rolled back when its body throws, and the body's error comes out")
  func rollsBack() async throws {
    struct NotToday: Error {}
    try await withDatabase(Self.accounts, adjusting: { $0.connectionsPerLoop = 1 }) { database, test in
      await #expect(throws: NotToday.self) {
        try await database.unscoped(deadline: soon) { transaction in
          try await transaction.execute(Statement("update account set amount = 0"))
          throw NotToday()
        }
      }
      try test.expect("select sum(amount) from account", prints: "200\n")
      #expect(try await database.unscoped(deadline: soon, Statement("select 1")) == 1)
    }
  }

  @Test("cannot be committed after a statement failed, even when the body swallows the failure")
  func swallowedFailure() async throws {
    try await withDatabase(Self.accounts) { database, test in
      let error = await failure {
        try await database.unscoped(deadline: soon) { transaction in
          try await transaction.execute(Statement("update account set amount = 0"))
          _ = try? await transaction.execute(Statement("insert into account values (1, 1)"))
          _ = try? await transaction.execute(Statement("update account set amount = 1"))
        }
      }
      #expect(error == .constraint(kind: .unique, name: "account_pkey"))
      try test.expect("select sum(amount) from account", prints: "200\n")
    }
  }

  @Test(
    "a body that ends the transaction with SQL of its own is not told that it was committed",
    arguments: ["rollback", "commit"])
  func ownEnd(how: String) async throws {
    try await withDatabase(Self.accounts) { database, _ in
      let error = await failure {
        try await database.unscoped(deadline: soon) { transaction in
          try await transaction.execute(Statement("update account set amount = 0"))
          try await transaction.execute(how == "commit" ? Statement("commit") : Statement("rollback"))
        }
      }
      #expect(error == .server(sqlState: "25P01"))
      try await database.unscoped(deadline: soon, Statement("select 1"))
    }
  }

  @Test("several statements in one round trip end at the first that fails")
  func batch() async throws {
    try await withDatabase(Self.accounts) { database, test in
      let error = await failure {
        try await database.unscoped(deadline: soon) { transaction in
          _ = try await transaction.query([
            Statement("update account set amount = 0"), Statement("select 1/0"),
            Statement("update account set amount = 1"),
          ])
        }
      }
      #expect(error == .server(sqlState: "22012"))
      let rows = try await database.tenant(
        .random(), deadline: soon, [Statement("update account set amount = amount + 1"), Statement("select 7::int8")])
      #expect(rows.map(\.affected) == [2, 1])
      try test.expect("select sum(amount) from account", prints: "202\n")
    }
  }

  @Test("many that add to one row at serializable lose no addition: who loses the race runs again")
  func serializationRetry() async throws {
    try await withDatabase(Self.accounts, loops: 2, adjusting: { $0.serializationAttempts = 200 }) { database, test in
      try await withThrowingTaskGroup { group in
        for _ in 0..<8 {
          group.addTask {
            for _ in 0..<5 {
              try await database.unscoped(deadline: soon, isolation: .serializable) { transaction in
                let amount = try await transaction.query(Statement("select amount from account where id = 1")) {
                  try $0.one()[0, as: Int64.self]
                }
                try await transaction.execute(Statement("update account set amount = $1 where id = 1", amount + 1))
              }
            }
          }
        }
        try await group.waitForAll()
      }
      try test.expect("select amount from account where id = 1", prints: "140\n")
    }
  }

  @Test("a race lost too often is told")
  func serializationExhausted() async throws {
    try await withDatabase(Self.accounts, adjusting: { $0.serializationAttempts = 3 }) { database, test in
      let attempts = Tally()
      let error = await failure {
        try await database.unscoped(deadline: soon, isolation: .repeatableRead) { transaction in
          attempts.add()
          try await transaction.execute(Statement("select amount from account where id = 1"))
          // Another one always is quicker.
          try await database.unscoped(deadline: soon, Statement("update account set amount = amount + 1 where id = 1"))
          try await transaction.execute(Statement("update account set amount = 0 where id = 1"))
        }
      }
      #expect(error == .serialization)
      #expect(attempts.count == 3)
      try test.expect("select amount from account where id = 1", prints: "103\n")
    }
  }

  @Test("two that lock each other out end both, one after the other")
  func deadlock() async throws {
    try await withDatabase(Self.accounts) { database, test in
      try await withThrowingTaskGroup { group in
        for (first, second) in [(Int64(1), Int64(2)), (2, 1)] {
          group.addTask {
            try await database.unscoped(deadline: soon) { transaction in
              try await transaction.execute(Statement("update account set amount = amount + 1 where id = $1", first))
              try await transaction.execute(Statement("select pg_sleep(0.3)"))
              try await transaction.execute(Statement("update account set amount = amount + 1 where id = $1", second))
            }
          }
        }
        try await group.waitForAll()
      }
      try test.expect("select sum(amount) from account", prints: "204\n")
    }
  }

  @Test("works from a task that runs on no loop")
  func offLoop() async throws {
    try await withDatabase(Self.accounts, loops: 2) { database, _ in
      let sum = try await Task.detached {
        try await database.unscoped(deadline: soon) { transaction in
          try await transaction.query(Statement("select sum(amount)::int8 from account")) {
            try $0.one()[0, as: Int64.self]
          }
        }
      }.value
      #expect(sum == 200)
    }
  }
}

import Reactor
import Testing

@testable import Auth

@Suite("Comparing passwords")
struct PasswordCheckerTests {
  @Test("as much work is done for a hash of an older, lower cost, for today's and for none", arguments: 10...13)
  func equalWork(_ cost: Int) throws {
    let pool = BlockingPool(threads: 1, queueLimit: 8)
    defer { pool.stop() }
    let checker = try PasswordChecker(pool: pool, cost: cost)
    func rounds(_ hash: String?) -> Int {
      checker.work(for: hash).compactMap { Bcrypt.cost(of: $0) }.reduce(0) { $0 + (1 << $1) }
    }
    #expect(rounds(nil) == 1 << cost)
    for old in 10...cost {
      let hash = "$2b$\(old)$" + String(repeating: "a", count: 53)
      #expect(checker.work(for: hash).first == hash)
      #expect(rounds(hash) == 1 << cost)
    }
  }

  @Test("only the user's own hash counts, whatever else is compared beside it")
  func answers() async throws {
    let pool = BlockingPool(threads: 1, queueLimit: 8)
    defer { pool.stop() }
    let checker = try PasswordChecker(pool: pool, cost: 11)
    let old = try Bcrypt.hash("Corr3ct-Horse", salt: [UInt8](repeating: 7, count: 16), cost: 10)
    #expect(try await checker.matches("Corr3ct-Horse", hash: old))
    #expect(try await !checker.matches("Wrong-Passw0rd", hash: old))
    #expect(try await !checker.matches("Corr3ct-Horse", hash: nil))
  }
}

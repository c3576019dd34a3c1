internal import Reactor
internal import ServiceKit

/// Compares passwords with hashes beside the loops, a bounded number at a time.
struct PasswordChecker: Sendable {
  private let pool: BlockingPool
  private let cost: Int
  /// Hashes that no password has, of every cost up to today's. What is compared with them takes the time that a look-up must not save.
  private let decoys: [Int: String]

  /// - Throws: when no salt or hash can be made.
  init(pool: BlockingPool, cost: Int) throws {
    self.pool = pool
    self.cost = cost
    let secret = Base64URL.encode(try SecureRandom.bytes(32))
    let password = String(decoding: secret, as: UTF8.self)
    var decoys: [Int: String] = [:]
    for cost in Bcrypt.costs.lowerBound...max(cost, Bcrypt.costs.lowerBound) {
      decoys[cost] = try Bcrypt.hash(password, salt: SecureRandom.bytes(16), cost: cost)
    }
    self.decoys = decoys
  }

  /// Whether the password has the hash; without a hash always false, in the same time.
  /// - Throws: `BlockingPoolError.queueFull`.
  func matches(_ password: String, hash: String?) async throws -> Bool {
    let work = work(for: hash)
    let matches = try await pool.run { work.map { Bcrypt.matches(password, hash: $0) } }
    return hash != nil && matches.first == true
  }

  /// What the password is compared with. A hash from the days of a lower cost would answer sooner than an address nobody has, so the work
  /// that it lacks is done as well: 2¹⁰ + 2¹⁰ + 2¹¹ = 2¹².
  func work(for hash: String?) -> [String] {
    guard let hash else { return [decoys[cost]].compactMap { $0 } }
    guard let old = Bcrypt.cost(of: hash), old < cost else { return [hash] }
    return [hash] + (old..<cost).compactMap { decoys[$0] }
  }

  /// A new hash when the old one was made with less work than is wanted today; `nil` otherwise.
  func renewed(_ password: String, hash: String) async throws -> String? {
    guard let old = Bcrypt.cost(of: hash), old < cost else { return nil }
    let cost = cost
    return try await pool.run { try Bcrypt.hash(password, salt: SecureRandom.bytes(16), cost: cost) }
  }
}

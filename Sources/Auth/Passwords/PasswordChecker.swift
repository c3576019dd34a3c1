internal import Reactor
internal import ServiceKit

/// Compares passwords with hashes beside the loops, a bounded number at a time.
struct PasswordChecker: Sendable {
  private let pool: BlockingPool
  private let cost: Int
  /// What the password of an address that nobody has is compared with, so that it takes as long.
  private let decoy: String

  /// - Throws: when no salt or hash can be made.
  init(pool: BlockingPool, cost: Int) throws {
    self.pool = pool
    self.cost = cost
    let secret = Base64URL.encode(try SecureRandom.bytes(32))
    decoy = try Bcrypt.hash(String(decoding: secret, as: UTF8.self), salt: SecureRandom.bytes(16), cost: cost)
  }

  /// Whether the password has the hash; without a hash always false, in the same time.
  /// - Throws: `BlockingPoolError.queueFull`.
  func matches(_ password: String, hash: String?) async throws -> Bool {
    let decoy = decoy
    let matches = try await pool.run { Bcrypt.matches(password, hash: hash ?? decoy) }
    return matches && hash != nil
  }

  /// A new hash when the old one was made with less work than is wanted today; `nil` otherwise.
  func renewed(_ password: String, hash: String) async throws -> String? {
    guard let old = Bcrypt.cost(of: hash), old < cost else { return nil }
    let cost = cost
    return try await pool.run { try Bcrypt.hash(password, salt: SecureRandom.bytes(16), cost: cost) }
  }
}

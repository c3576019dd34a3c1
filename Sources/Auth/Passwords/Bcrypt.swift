internal import CCrypt
internal import Glibc

/// Password hashes `$2b$` (bcrypt), by libcrypt. Every call blocks for tens of milliseconds: never on a loop.
public enum Bcrypt {
  /// What is hashed at most; bcrypt would ignore the rest without a word.
  public static let longestPassword = 72
  public static let costs = 10...16

  public enum Failure: Error, Sendable, Hashable {
    /// Longer than 72 bytes, or with a NUL in it.
    case unusablePassword
    case cost
    case salt
    /// libcrypt refused.
    case refused
  }

  /// A new hash.
  /// - Parameters:
  ///   - salt: 16 random bytes.
  ///   - cost: the work doubles with each step.
  public static func hash(_ password: String, salt: [UInt8], cost: Int) throws(Failure) -> String {
    guard isUsable(password) else { throw .unusablePassword }
    guard costs.contains(cost) else { throw .cost }
    guard salt.count == 16 else { throw .salt }
    var setting = [CChar](repeating: 0, count: Int(CRYPT_GENSALT_OUTPUT_SIZE))
    let made = salt.withUnsafeBytes { salt in
      salt.withMemoryRebound(to: CChar.self) { salt in
        crypt_gensalt_rn("$2b$", UInt(cost), salt.baseAddress, Int32(salt.count), &setting, Int32(setting.count))
      }
    }
    guard made != nil else { throw .salt }
    guard let hash = run(password, setting) else { throw .refused }
    return String(decoding: hash.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// Whether the password has the hash; false for a hash that is not bcrypt's. Takes as long for a wrong password as for the right one.
  public static func matches(_ password: String, hash: String) -> Bool {
    guard isUsable(password), hash.hasPrefix("$2b$"), hash.utf8.count == 60 else { return false }
    guard let found = run(password, hash.utf8CString.map { $0 }) else { return false }
    let expected = Array(hash.utf8)
    guard found.count == expected.count else { return false }
    var difference: UInt8 = 0
    for (left, right) in zip(found, expected) { difference |= UInt8(bitPattern: left) ^ right }
    return difference == 0
  }

  /// The cost a hash was made with; `nil` for what is not bcrypt's.
  public static func cost(of hash: String) -> Int? {
    guard hash.hasPrefix("$2b$"), hash.utf8.count == 60 else { return nil }
    return Int(hash.dropFirst(4).prefix(2))
  }

  private static func isUsable(_ password: String) -> Bool {
    password.utf8.count <= longestPassword && !password.utf8.contains(0)
  }

  /// The hash without its NUL; `nil` when libcrypt refuses the setting.
  private static func run(_ password: String, _ setting: [CChar]) -> [CChar]? {
    let data = UnsafeMutablePointer<crypt_data>.allocate(capacity: 1)
    data.initialize(to: crypt_data())
    defer {
      // The password must not stay in memory that is used again.
      explicit_bzero(data, MemoryLayout<crypt_data>.size)
      data.deallocate()
    }
    guard let text = crypt_r(password, setting, data) else { return nil }
    let hash = Array(UnsafeBufferPointer(start: text, count: strlen(text)))
    // Failures are told as `*0` or `*1`.
    return hash.first == CChar(bitPattern: 0x2A) ? nil : hash
  }
}

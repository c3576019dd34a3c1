import Auth
import TestSupport
import Testing

@Suite("Passwords")
struct BcryptTests {
  static let salt = [UInt8](0..<16)

  @Test("a password has its own hash and no other has")
  func matches() throws {
    let hash = try Bcrypt.hash("Corr3ct-Horse", salt: Self.salt, cost: 10)
    #expect(hash.hasPrefix("$2b$10$"))
    #expect(hash.utf8.count == 60)
    #expect(Bcrypt.cost(of: hash) == 10)
    #expect(Bcrypt.matches("Corr3ct-Horse", hash: hash))
    for wrong in ["corr3ct-horse", "Corr3ct-Hors", "Corr3ct-Horse ", "", "Corr3ct-Horse\0"] {
      #expect(!Bcrypt.matches(wrong, hash: hash))
    }
  }

  @Test("the 72nd byte counts, and what is longer is refused instead of cut")
  func length() throws {
    let longest = String(repeating: "x", count: 71) + "a"
    let hash = try Bcrypt.hash(longest, salt: Self.salt, cost: 10)
    #expect(Bcrypt.matches(longest, hash: hash))
    #expect(!Bcrypt.matches(String(longest.dropLast()) + "b", hash: hash))
    #expect(!Bcrypt.matches(longest + "c", hash: hash))
    #expect(throws: Bcrypt.Failure.unusablePassword) { try Bcrypt.hash(longest + "c", salt: Self.salt, cost: 10) }
  }

  @Test(
    "what is not a bcrypt hash matches nothing",
    arguments: ["", "*0", "x", "$1$abc$def", "$2b$10$", "$2b$99$" + String(repeating: "a", count: 53)])
  func malformed(_ hash: String) {
    #expect(!Bcrypt.matches("x", hash: hash))
    #expect(!Bcrypt.matches("", hash: hash))
  }

  @Test("a hash from another implementation of the same algorithm is understood")
  func foreign() {
    // A published test vector of OpenBSD's bcrypt.
    #expect(
      Bcrypt.matches(
        "abcdefghijklmnopqrstuvwxyz", hash: "$2b$12$D4G5f18o7aMMfwasBL7GpuQWuP3pkrZrOAnqP.bmezbMng.QwJ/pG"))
  }
}

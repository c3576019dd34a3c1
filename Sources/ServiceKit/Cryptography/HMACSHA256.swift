internal import COpenSSL

/// HMAC with SHA-256 (RFC 2104, FIPS 180-4), by OpenSSL.
enum HMACSHA256 {
  static let byteCount = 32

  /// The authentication code of `message` under `key`; `nil` only when OpenSSL is out of memory.
  static func code(for message: ArraySlice<UInt8>, key: [UInt8]) -> [UInt8]? {
    var code = [UInt8](repeating: 0, count: byteCount)
    let done = message.withUnsafeBytes { message in
      key.withUnsafeBytes { key in
        code.withUnsafeMutableBytes { code in
          HMAC(
            EVP_sha256(), key.baseAddress, Int32(key.count), message.baseAddress, message.count,
            code.baseAddress, nil) != nil
        }
      }
    }
    return done ? code : nil
  }

  /// Compares in time that depends on the lengths only.
  static func matches(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return left.withUnsafeBytes { left in
      right.withUnsafeBytes { right in CRYPTO_memcmp(left.baseAddress, right.baseAddress, left.count) == 0 }
    }
  }
}

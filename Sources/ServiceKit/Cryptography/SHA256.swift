internal import COpenSSL

/// SHA-256 (FIPS 180-4), by OpenSSL.
public enum SHA256Digest {
  public static func of(_ bytes: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
    digest.withUnsafeMutableBufferPointer { digest in
      bytes.withUnsafeBufferPointer { bytes in
        _ = SHA256(bytes.baseAddress, bytes.count, digest.baseAddress)
      }
    }
    return digest
  }
}

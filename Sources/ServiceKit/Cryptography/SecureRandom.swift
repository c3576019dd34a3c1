internal import COpenSSL

/// Bytes nobody can guess, from OpenSSL's generator, which the kernel seeds.
public enum SecureRandom {
  /// - Throws: `CryptographyError.randomness` when the generator could not be seeded; no weaker bytes are ever given.
  public static func bytes(_ count: Int) throws(CryptographyError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let status = bytes.withUnsafeMutableBytes { RAND_bytes($0.baseAddress, Int32($0.count)) }
    guard status == 1 else { throw .randomness }
    return bytes
  }
}

/// What OpenSSL refused. Nothing in it tells of keys.
public enum CryptographyError: Error, Sendable, Hashable {
  case randomness
  /// Not a PEM document that holds an Ed25519 key of the wanted kind.
  case notAKey
  case signing
  case keyGeneration
}

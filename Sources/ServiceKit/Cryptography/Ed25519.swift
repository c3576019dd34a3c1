internal import COpenSSL

/// A private Ed25519 key (RFC 8032), by OpenSSL.
public struct Ed25519PrivateKey: Sendable {
  private let key: OpenSSLKey

  /// Makes a new key.
  public init() throws(CryptographyError) {
    guard let context = EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, nil) else { throw .keyGeneration }
    defer { EVP_PKEY_CTX_free(context) }
    var made: OpaquePointer?
    guard EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_keygen(context, &made) == 1, let made else {
      throw .keyGeneration
    }
    key = OpenSSLKey(owning: made)
  }

  /// Reads PKCS #8 (`BEGIN PRIVATE KEY`), not encrypted.
  public init(pem: [UInt8]) throws(CryptographyError) {
    // An empty passphrase keeps OpenSSL from asking on the terminal.
    let read = OpenSSLKey.read(pem) { memory in PEM_read_bio_PrivateKey(memory, nil, { _, _, _, _ in 0 }, nil) }
    guard let read else { throw .notAKey }
    key = read
  }

  /// PKCS #8, for a file that only its owner may read.
  public var pem: [UInt8] {
    OpenSSLKey.write { memory in PEM_write_bio_PrivateKey(memory, key.pointer, nil, nil, 0, nil, nil) == 1 }
  }

  public var publicKey: Ed25519PublicKey {
    get throws(CryptographyError) { try Ed25519PublicKey(pem: key.publicPEM) }
  }

  /// The signature of `message`: 64 bytes, the same each time.
  public func sign(_ message: [UInt8]) throws(CryptographyError) -> [UInt8] {
    guard let context = EVP_MD_CTX_new() else { throw .signing }
    defer { EVP_MD_CTX_free(context) }
    var signature = [UInt8](repeating: 0, count: Ed25519PublicKey.signatureByteCount)
    var count = signature.count
    guard EVP_DigestSignInit(context, nil, nil, nil, key.pointer) == 1,
      EVP_DigestSign(context, &signature, &count, message, message.count) == 1, count == signature.count
    else { throw .signing }
    return signature
  }
}

/// A public Ed25519 key: tells whether the owner of the private one signed.
public struct Ed25519PublicKey: Sendable {
  static let signatureByteCount = 64

  private let key: OpenSSLKey

  /// Reads `BEGIN PUBLIC KEY`.
  public init(pem: [UInt8]) throws(CryptographyError) {
    guard let read = OpenSSLKey.read(pem, { memory in PEM_read_bio_PUBKEY(memory, nil, nil, nil) }) else {
      throw .notAKey
    }
    key = read
  }

  public var pem: [UInt8] { key.publicPEM }

  /// A name for the key, made from the key: the first bytes of its digest in hexadecimal.
  public var id: String {
    let digits = Array("0123456789abcdef".utf8)
    let prefix = SHA256Digest.of(key.publicBytes).prefix(8)
    return String(decoding: prefix.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  public func isValid(signature: [UInt8], of message: [UInt8]) -> Bool {
    guard signature.count == Self.signatureByteCount, let context = EVP_MD_CTX_new() else { return false }
    defer { EVP_MD_CTX_free(context) }
    guard EVP_DigestVerifyInit(context, nil, nil, nil, key.pointer) == 1 else { return false }
    let valid = EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    // A wrong signature leaves an entry in the thread's error queue, which nobody else may stumble over.
    if !valid { ERR_clear_error() }
    return valid
  }
}

/// Owns OpenSSL's key.
// @unchecked Sendable: an EVP_PKEY is never changed after it was made, and OpenSSL 3 lets threads read one together.
private final class OpenSSLKey: @unchecked Sendable {
  let pointer: OpaquePointer

  init(owning pointer: OpaquePointer) {
    self.pointer = pointer
  }

  deinit { EVP_PKEY_free(pointer) }

  var publicPEM: [UInt8] {
    Self.write { memory in PEM_write_bio_PUBKEY(memory, pointer) == 1 }
  }

  var publicBytes: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 32)
    var count = bytes.count
    return EVP_PKEY_get_raw_public_key(pointer, &bytes, &count) == 1 ? bytes : []
  }

  /// `nil` unless `parse` finds an Ed25519 key.
  static func read(_ pem: [UInt8], _ parse: (OpaquePointer) -> OpaquePointer?) -> OpenSSLKey? {
    guard let memory = BIO_new_mem_buf(pem, Int32(clamping: pem.count)) else { return nil }
    defer { BIO_free(memory) }
    guard let pointer = parse(memory) else {
      ERR_clear_error()
      return nil
    }
    let key = OpenSSLKey(owning: pointer)
    return EVP_PKEY_get_base_id(pointer) == EVP_PKEY_ED25519 ? key : nil
  }

  static func write(_ print: (OpaquePointer) -> Bool) -> [UInt8] {
    guard let memory = BIO_new(BIO_s_mem()) else { return [] }
    defer { BIO_free(memory) }
    guard print(memory) else { return [] }
    var text = [UInt8](repeating: 0, count: BIO_ctrl_pending(memory))
    let count = BIO_read(memory, &text, Int32(text.count))
    return Array(text.prefix(max(0, Int(count))))
  }
}

internal import Glibc

/// Keeps keys in files so that nobody but their owner ever reads them.
public enum KeyFiles {
  public enum Failure: Error, Sendable, Hashable, CustomStringConvertible {
    /// The path and the system's words for what went wrong.
    case file(path: String, reason: String)
    case notAKey(path: String)
    case cryptography(CryptographyError)

    public var description: String {
      switch self {
      case .file(let path, let reason): "\(path): \(reason)"
      case .notAKey(let path): "\(path) is not an Ed25519 key in PEM form"
      case .cryptography(let error): "OpenSSL refused: \(error)"
      }
    }
  }

  /// Makes an Ed25519 key pair: the private key for its owner only (mode 0600), the public one for everybody. A private key that is
  /// already there is kept, and the public one written from it.
  public static func prepareEd25519(privatePath: String, publicPath: String) throws(Failure) {
    let key: Ed25519PrivateKey
    if access(privatePath, F_OK) == 0 {
      key = try privateKey(at: privatePath)
    } else {
      let new = try made { () throws(CryptographyError) in try Ed25519PrivateKey() }
      try create(privatePath, new.pem, mode: 0o600)
      // Another process may have made one at the same moment: it is the key then.
      key = try privateKey(at: privatePath)
    }
    let publicKey = try made { () throws(CryptographyError) in try key.publicKey }
    guard (try? read(publicPath)) != publicKey.pem else { return }
    let neighbour = neighbour(of: publicPath)
    try write(neighbour, publicKey.pem, mode: 0o644)
    guard rename(neighbour, publicPath) == 0 else { throw failure(publicPath) }
  }

  public static func privateKey(at path: String) throws(Failure) -> Ed25519PrivateKey {
    let pem = try read(path)
    do { return try Ed25519PrivateKey(pem: pem) } catch { throw .notAKey(path: path) }
  }

  public static func publicKey(at path: String) throws(Failure) -> Ed25519PublicKey {
    let pem = try read(path)
    do { return try Ed25519PublicKey(pem: pem) } catch { throw .notAKey(path: path) }
  }

  /// Makes a secret of `count` random bytes in a file for its owner only. One that is there already is kept.
  public static func prepareSecret(at path: String, count: Int) throws(Failure) {
    guard access(path, F_OK) != 0 else { return }
    try create(path, try made { () throws(CryptographyError) in try SecureRandom.bytes(count) }, mode: 0o600)
  }

  /// A secret that somebody prepared. Two processes that share it must find the same: none is made up here.
  public static func secret(at path: String) throws(Failure) -> [UInt8] { try read(path) }

  private static func made<Value>(_ make: () throws(CryptographyError) -> Value) throws(Failure) -> Value {
    do { return try make() } catch { throw .cryptography(error) }
  }

  /// Most bytes of a key file; a longer one is something else.
  private static let longest = 16 * 1024

  private static func read(_ path: String) throws(Failure) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(path) }
    defer { close(descriptor) }
    var content = [UInt8](repeating: 0, count: longest)
    var count = 0
    while count < content.count {
      let got = content.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress! + count, $0.count - count) }
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw failure(path) }
      if got == 0 { break }
      count += got
    }
    return Array(content.prefix(count))
  }

  /// Makes a file that is new, whole or not at all: it is written under another name and takes its own once it is on disk. A file that
  /// somebody else made meanwhile stays.
  private static func create(_ path: String, _ content: [UInt8], mode: mode_t) throws(Failure) {
    let neighbour = neighbour(of: path)
    try write(neighbour, content, mode: mode)
    defer { unlink(neighbour) }
    // Unlike a rename, it takes nobody's place.
    guard link(neighbour, path) == 0 || errno == EEXIST else { throw failure(path) }
  }

  /// A name that nobody else uses at the same time.
  private static func neighbour(of path: String) -> String { "\(path).\(UInt64.random(in: .min ... .max)).new" }

  /// Fails when the file exists: the mode counts from the first byte on only for a file that is new.
  private static func write(_ path: String, _ content: [UInt8], mode: mode_t) throws(Failure) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw failure(path) }
    defer { close(descriptor) }
    // The umask may have taken away what everybody is meant to read.
    guard fchmod(descriptor, mode) == 0 else { throw failure(path) }
    var rest = content[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { throw failure(path) }
      rest = rest.dropFirst(written)
    }
    guard fsync(descriptor) == 0 else { throw failure(path) }
  }

  private static func failure(_ path: String) -> Failure {
    .file(path: path, reason: String(cString: strerror(errno)))
  }
}

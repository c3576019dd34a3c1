import Foundation
import ServiceKit
import Testing
import TestSupport

@Suite("Ed25519 keys")
struct Ed25519Tests {
  @Test("what one key signs only its public key confirms, and only as it was")
  func signatures() throws {
    let key = try Ed25519PrivateKey()
    let message = Array("pay to the bearer".utf8)
    let signature = try key.sign(message)
    let publicKey = try key.publicKey
    #expect(signature.count == 64)
    #expect(publicKey.isValid(signature: signature, of: message))
    #expect(try key.sign(message) == signature)
    #expect(try !Ed25519PrivateKey().publicKey.isValid(signature: signature, of: message))
    for index in signature.indices {
      var changed = signature
      changed[index] ^= 1
      #expect(!publicKey.isValid(signature: changed, of: message))
    }
    #expect(!publicKey.isValid(signature: signature, of: message + [0]))
    #expect(!publicKey.isValid(signature: Array(signature.dropLast()), of: message))
    #expect(!publicKey.isValid(signature: [], of: message))
  }

  @Test("a key survives its PEM form")
  func pem() throws {
    let key = try Ed25519PrivateKey()
    let copy = try Ed25519PrivateKey(pem: key.pem)
    let publicCopy = try Ed25519PublicKey(pem: key.publicKey.pem)
    #expect(publicCopy.isValid(signature: try copy.sign([1, 2, 3]), of: [1, 2, 3]))
    #expect(try key.publicKey.id == publicCopy.id)
    #expect(publicCopy.id.count == 16)
    #expect(String(decoding: key.pem, as: UTF8.self).hasPrefix("-----BEGIN PRIVATE KEY-----"))
    #expect(String(decoding: publicCopy.pem, as: UTF8.self).hasPrefix("-----BEGIN PUBLIC KEY-----"))
  }

  @Test("Python's cryptography package reads our keys and confirms our signatures, and we its")
  func python() throws {
    let key = try Ed25519PrivateKey()
    let signature = try key.sign(Array("hello".utf8))
    let script = """
      import sys, base64
      from cryptography.hazmat.primitives.serialization import load_pem_public_key, load_pem_private_key
      public, private, signature = [base64.b64decode(line) for line in sys.stdin.read().split()]
      load_pem_public_key(public).verify(signature, b"hello")
      sys.stdout.write(base64.b64encode(load_pem_private_key(private, None).sign(b"world")).decode())
      """
    let input = [try key.publicKey.pem, key.pem, signature].map { Data($0).base64EncodedString() }
    let result = try runProcess(
      TestEnvironment.python, ["-c", script], input: Array(input.joined(separator: "\n").utf8))
    #expect(result.status == 0, "\(result.errorText)")
    let theirs = try #require(Data(base64Encoded: result.outputText))
    #expect(try key.publicKey.isValid(signature: Array(theirs), of: Array("world".utf8)))
  }

  @Test("what is not an Ed25519 key in PEM form is refused")
  func malformed() throws {
    let key = try Ed25519PrivateKey()
    var cut = key.pem
    cut.removeLast(40)
    for pem in [[], Array("-----BEGIN PRIVATE KEY-----\n".utf8), cut, try key.publicKey.pem] {
      #expect(throws: CryptographyError.notAKey) { try Ed25519PrivateKey(pem: pem) }
    }
    #expect(throws: CryptographyError.notAKey) { try Ed25519PublicKey(pem: key.pem) }
    let rsa = try runProcess("/usr/bin/openssl", ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
    #expect(throws: CryptographyError.notAKey) { try Ed25519PrivateKey(pem: rsa.output) }
  }

  @Test("key files are for their owner only, and are kept when they exist")
  func files() throws {
    let directory = try TemporaryDirectory()
    let privatePath = directory.path + "/edge.ed25519"
    let publicPath = directory.path + "/edge.pub.pem"
    try KeyFiles.prepareEd25519(privatePath: privatePath, publicPath: publicPath)
    let id = try KeyFiles.publicKey(at: publicPath).id
    try FileManager.default.removeItem(atPath: publicPath)
    try KeyFiles.prepareEd25519(privatePath: privatePath, publicPath: publicPath)
    #expect(try KeyFiles.publicKey(at: publicPath).id == id)
    #expect(try KeyFiles.privateKey(at: privatePath).publicKey.id == id)
    #expect(try mode(privatePath) == 0o600)
    #expect(try mode(publicPath) == 0o644)
    #expect(throws: KeyFiles.Failure.self) { try KeyFiles.secret(at: directory.path + "/jwt.key") }
    try KeyFiles.prepareSecret(at: directory.path + "/jwt.key", count: 32)
    let secret = try KeyFiles.secret(at: directory.path + "/jwt.key")
    try KeyFiles.prepareSecret(at: directory.path + "/jwt.key", count: 32)
    #expect(try KeyFiles.secret(at: directory.path + "/jwt.key") == secret)
    #expect(secret.count == 32)
    #expect(throws: KeyFiles.Failure.notAKey(path: directory.path + "/jwt.key")) {
      try KeyFiles.privateKey(at: directory.path + "/jwt.key")
    }
  }

  @Test("however many make a key at once, all have the same one, and never a part of it")
  func race() async throws {
    let directory = try TemporaryDirectory()
    for round in 0..<20 {
      let path = "\(directory.path)/\(round)"
      let found = try await withThrowingTaskGroup(of: [UInt8].self) { tasks in
        for _ in 0..<8 {
          tasks.addTask {
            try KeyFiles.prepareSecret(at: path, count: 32)
            try KeyFiles.prepareEd25519(privatePath: path + ".key", publicPath: path + ".pub")
            return try KeyFiles.secret(at: path) + KeyFiles.privateKey(at: path + ".key").pem
          }
        }
        return try await tasks.reduce(into: Set()) { $0.insert($1) }
      }
      #expect(found.count == 1)
      #expect(
        try KeyFiles.publicKey(at: path + ".pub").id == KeyFiles.privateKey(at: path + ".key").publicKey.id)
    }
    // What a crash left behind is in nobody's way.
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).count == 60)
  }

  private func mode(_ path: String) throws -> Int {
    try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
  }
}

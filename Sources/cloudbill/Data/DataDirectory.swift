import Glibc
import ServiceKit

/// Where everything of one installation lives: database, sockets, keys, passwords, logs.
struct DataDirectory: Sendable {
  let path: String

  init(_ path: String) { self.path = Files.absolute(path) }

  var cluster: String { path + "/postgres" }
  var sockets: String { path + "/run" }
  var logs: String { path + "/logs" }
  /// Where only we may write: `run` belongs to PostgreSQL's user.
  var lock: String { path + "/cloudbill.pid" }
  var superuserPassword: String { path + "/initdb.password" }
  var tokenSecret: String { path + "/secrets/jwt.key" }

  /// The key that a process signs its claims with, for that process alone, and the one that others know it by.
  func privateKey(_ process: String) -> String { "\(path)/secrets/\(process).ed25519" }
  func publicKey(_ process: String) -> String { "\(path)/secrets/\(process).pub.pem" }

  func log(_ name: String) -> String { "\(logs)/\(name).log" }
  func databasePassword(_ login: String) -> String { "\(path)/secrets/database/\(login)" }

  /// Whether demo data is still to be written, is there, or is unwanted. Decided once, when the directory is new.
  enum DemoData: String {
    case wanted, present, unwanted
  }

  private var demoFile: String { path + "/demo" }

  var demo: DemoData? {
    get throws {
      try Files.text(demoFile).flatMap { DemoData(rawValue: String($0.prefix { !$0.isWhitespace })) }
    }
  }

  func setDemo(_ state: DemoData) throws { try Files.write(state.rawValue + "\n", to: demoFile, mode: 0o644) }

  /// The longest path of a unix socket that the kernel takes, without the final zero.
  private static let longestSocketPath = 107
  /// What a new cluster with demo data needs, with room to work.
  private static let spaceNeeded = 300 << 20

  /// Makes the directories, or says why this cannot become a data directory.
  /// - Parameter databaseUser: who PostgreSQL will run as, when it is not us.
  func prepare(databaseUser: DatabaseUser?) throws {
    let socket = sockets + "/.s.PGSQL.5432"
    guard socket.utf8.count <= Self.longestSocketPath else {
      throw CommandFailure(
        "the data directory's path is too long: PostgreSQL's socket would be \(socket.utf8.count) bytes, \(Self.longestSocketPath) is the limit",
        advice: [socket, "choose a shorter one: --data DIR"])
    }
    try Files.makeDirectory(path, mode: 0o755)
    if let databaseUser {
      try requireReachable(by: databaseUser)
    }
    for (folder, mode): (String, mode_t) in [
      (sockets, 0o755), (logs, 0o755), (path + "/secrets", 0o700), (path + "/secrets/database", 0o700),
    ] {
      try Files.makeDirectory(folder, mode: mode)
    }
    if let databaseUser, chown(sockets, databaseUser.userID, databaseUser.groupID) != 0 {
      throw CommandFailure.system("cannot give to \(databaseUser.name)", sockets, errno)
    }
    if let free = Files.freeSpace(at: path), free < Self.spaceNeeded {
      throw CommandFailure(
        "the disk of \(path) has \(free >> 20) MB left; \(Self.spaceNeeded >> 20) MB are needed",
        advice: ["free some space, or choose another place: --data DIR"])
    }
  }

  /// PostgreSQL's user must be able to walk down to its cluster.
  private func requireReachable(by user: DatabaseUser) throws {
    var folder = path
    while folder != "/" {
      var status = stat()
      if stat(folder, &status) == 0 {
        let bit: mode_t =
          status.st_uid == user.userID ? S_IXUSR : status.st_gid == user.groupID ? S_IXGRP : S_IXOTH
        guard status.st_mode & bit != 0 else {
          throw CommandFailure(
            "PostgreSQL runs as the user \(user.name), who may not enter \(folder)",
            advice: [
              "choose a data directory outside of it (--data DIR), or open the way: chmod o+x \(folder)",
              "or run cloudbill as a user of its own instead of root",
            ])
        }
      }
      folder = Files.parent(of: folder)
    }
  }

  /// Makes the keys and passwords that are missing. All but the public key are for their owner only.
  func prepareSecrets() throws {
    do {
      try KeyFiles.prepareSecret(at: tokenSecret, count: 32)
      for process in MeshProcess.all {
        try KeyFiles.prepareEd25519(privatePath: privateKey(process.name), publicPath: publicKey(process.name))
      }
    } catch {
      throw CommandFailure("cannot prepare the keys: \(error)")
    }
    for login in DatabaseLogin.all where !Files.exists(databasePassword(login.name)) {
      try Files.write(try Self.newPassword() + "\n", to: databasePassword(login.name), mode: 0o600)
    }
  }

  func password(of login: DatabaseLogin) throws -> String {
    guard let text = try Files.text(databasePassword(login.name)) else {
      throw CommandFailure(
        "\(path) has no password for the database role of \(login.name)",
        advice: [
          "this is no data directory of `cloudbill up`, or it was never started: run `cloudbill up --data DIR` first"
        ])
    }
    return String(text.prefix { !$0.isNewline })
  }

  /// 192 random bits as letters and digits: safe in SQL, in connection strings and in a shell.
  private static func newPassword() throws -> String {
    let digits = Array("0123456789abcdef")
    return String(try SecureRandom.bytes(24).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }
}

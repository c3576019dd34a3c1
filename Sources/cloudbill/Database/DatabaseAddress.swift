/// Where the database is: the private cluster of a data directory, or a server somebody else runs.
struct DatabaseAddress: Sendable {
  static let variable = "CLOUDBILL_DATABASE_URL"
  private static let standardDatabase = "cloudbill"

  /// libpq keywords without user and password.
  private let keywords: [(name: String, value: String)]
  private let administrator: (name: String, password: String?)?
  private let directory: DataDirectory
  let database: String

  /// Whether `cloudbill up` runs the server itself.
  var isPrivate: Bool { administrator == nil }

  /// - Parameter url: of a server and a user there who may create roles and databases; nil is the private cluster.
  init(directory: DataDirectory, url: String? = Environment[variable]) throws {
    self.directory = directory
    guard let url else {
      keywords = [("host", directory.sockets), ("port", "5432")]
      administrator = nil
      database = Self.standardDatabase
      return
    }
    guard let parsed = DatabaseURL(url) else {
      throw CommandFailure(
        "\(Self.variable) is not a PostgreSQL address",
        advice: [
          "it looks like postgresql://USER:PASSWORD@HOST:5432/cloudbill, with a user who may create roles and databases"
        ])
    }
    keywords = parsed.keywords
    administrator = (parsed.user, parsed.password)
    database = parsed.database ?? Self.standardDatabase
  }

  /// What libpq connects with as one of our login roles.
  func conninfo(_ login: DatabaseLogin) throws -> String {
    Self.text(
      keywords + [
        ("dbname", database), ("user", login.role(in: database)), ("password", try directory.password(of: login)),
      ])
  }

  /// What `psql` connects with to make roles and database. The password goes by the environment, where `ps` cannot see it.
  func administration(database: String) throws -> (conninfo: String, password: String?) {
    let user = administrator?.name ?? DatabaseLogin.superuser.name
    let password = try administrator.map { $0.password } ?? directory.password(of: DatabaseLogin.superuser)
    return (Self.text(keywords + [("dbname", database), ("user", user)]), password)
  }

  /// For people: where, without any password.
  var description: String { keywords.map { "\($0.name)=\($0.value)" }.joined(separator: " ") }

  private static func text(_ keywords: [(name: String, value: String)]) -> String {
    keywords.map { name, value in
      let escaped = value.map { $0 == "'" || $0 == "\\" ? "\\\($0)" : String($0) }.joined()
      return "\(name)='\(escaped)'"
    }.joined(separator: " ")
  }
}

/// A `postgresql://` address taken apart.
struct DatabaseURL {
  var keywords: [(name: String, value: String)]
  let user: String
  let password: String?
  let database: String?

  init?(_ text: String) {
    guard let scheme = ["postgresql://", "postgres://"].first(where: text.hasPrefix) else { return nil }
    var rest = text.dropFirst(scheme.count)
    var options: [(String, String)] = []
    if let mark = rest.firstIndex(of: "?") {
      for pair in rest[rest.index(after: mark)...].split(separator: "&") {
        let parts = pair.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, let name = Self.decoded(parts[0]), let value = Self.decoded(parts[1]) else {
          return nil
        }
        options.append((name, value))
      }
      rest = rest[..<mark]
    }
    guard let at = rest.lastIndex(of: "@") else { return nil }
    let login = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard let user = Self.decoded(login[0]), !user.isEmpty else { return nil }
    self.user = user
    password = login.count > 1 ? Self.decoded(login[1]) : nil
    let place = rest[rest.index(after: at)...].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    database = place.count > 1 && !place[1].isEmpty ? Self.decoded(place[1]) : nil
    keywords = []
    var host = place[0]
    if let colon = host.lastIndex(of: ":"), !host.hasSuffix("]") {
      guard let port = UInt16(host[host.index(after: colon)...]) else { return nil }
      keywords.append(("port", "\(port)"))
      host = host[..<colon]
    }
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard let name = Self.decoded(host) else { return nil }
    if !name.isEmpty { keywords.append(("host", name)) }
    keywords += options
  }

  private static func decoded(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard rest.count >= 2, let digits = String(rest.prefix(2)), let value = UInt8(digits, radix: 16), value != 0
      else {
        return nil
      }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}

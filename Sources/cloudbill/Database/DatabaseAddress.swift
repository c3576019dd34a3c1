/// Where the database is: the private cluster of a data directory, or a server somebody else runs.
struct DatabaseAddress: Sendable {
  static let variable = "CLOUDBILL_DATABASE_URL"
  private static let standardDatabase = "cloudbill"

  /// libpq keywords without user and password.
  private let keywords: [(name: String, value: String)]
  private let administrator: (name: String?, password: String?)?
  private let directory: DataDirectory
  let database: String

  /// The address for processes that log in as themselves: it says nothing of the administrator. Nil for the private cluster.
  let urlForServices: String?

  /// Whether `cloudbill up` runs the server itself.
  var isPrivate: Bool { administrator == nil }

  /// - Parameter url: of a server and a user there who may create roles and databases; nil is the private cluster.
  init(directory: DataDirectory, url: String? = Environment[variable]) throws {
    self.directory = directory
    guard let url else {
      keywords = [("host", directory.sockets), ("port", "5432")]
      administrator = nil
      urlForServices = nil
      database = Self.standardDatabase
      return
    }
    guard let parsed = DatabaseURL(url) else {
      throw CommandFailure(
        "\(Self.variable) is not a PostgreSQL address",
        advice: [
          "it looks like postgresql://USER:PASSWORD@HOST:5432/cloudbill, with a user who may create roles and databases",
          "passfile and sslpassword are not taken",
        ])
    }
    keywords = parsed.keywords
    administrator = (parsed.user, parsed.password)
    urlForServices = parsed.withoutLogin
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
    if let administrator, administrator.name == nil {
      throw CommandFailure(
        "\(Self.variable) names no user",
        advice: ["it must name a user who may create roles and databases: postgresql://USER:PASSWORD@HOST/DATABASE"])
    }
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
  /// Where the server is and how to connect to it, without user, password and database.
  private(set) var keywords: [(name: String, value: String)] = []
  /// Nil in an address for processes that log in as nobody but themselves.
  let user: String?
  let password: String?
  let database: String?
  /// The same address without user and password, for processes that have no business with them.
  let withoutLogin: String

  /// Options that say what has a field of its own here.
  private static let fields: Set<String> = ["user", "password", "dbname"]
  /// Secrets that would have to be passed on where others can see them.
  private static let refused: Set<String> = ["passfile", "sslpassword"]

  init?(_ text: String) {
    guard let scheme = ["postgresql://", "postgres://"].first(where: text.hasPrefix) else { return nil }
    let parts = text.dropFirst(scheme.count).split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let pairs = parts.count > 1 ? parts[1].split(separator: "&") : []
    guard let options = Self.options(pairs), options.allSatisfy({ !Self.refused.contains($0.name) }) else {
      return nil
    }
    let place = parts[0].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    let at = place[0].lastIndex(of: "@")
    let login = at.map { place[0][..<$0].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false) } ?? []
    let server = at.map { place[0][place[0].index(after: $0)...] } ?? place[0]
    func field(_ name: String, _ text: Substring?) -> String? {
      let value = options.last { $0.name == name }?.value ?? text.flatMap(Self.decoded)
      return value.flatMap { $0.isEmpty ? nil : $0 }
    }
    user = field("user", login.first)
    password = field("password", login.count > 1 ? login[1] : nil)
    database = field("dbname", place.count > 1 ? place[1] : nil)
    var address = scheme + String(server)
    if place.count > 1 { address += "/" + String(place[1]) }
    let kept = zip(pairs, options).filter { !["user", "password"].contains($1.name) }.map { String($0.0) }
    if !kept.isEmpty { address += "?" + kept.joined(separator: "&") }
    withoutLogin = address
    var host = server
    if let colon = host.lastIndex(of: ":"), !host.hasSuffix("]") {
      guard let port = UInt16(host[host.index(after: colon)...]) else { return nil }
      keywords.append(("port", "\(port)"))
      host = host[..<colon]
    }
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard let name = Self.decoded(host) else { return nil }
    if !name.isEmpty { keywords.append(("host", name)) }
    keywords += options.filter { !Self.fields.contains($0.name) }
  }

  private static func options(_ pairs: [Substring]) -> [(name: String, value: String)]? {
    var options: [(name: String, value: String)] = []
    for pair in pairs {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, let name = decoded(parts[0]), let value = decoded(parts[1]) else { return nil }
      options.append((name, value))
    }
    return options
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

internal import CPostgres
internal import Glibc
internal import Reactor

/// A parsed connection string. What it takes to connect by it may block (environment, service and password files, host names), so it is
/// asked on a helper thread only.
struct ConnectionSettings: Sendable {
  private let given: [String: String]
  private let statementMilliseconds: Int64
  private let idleMilliseconds: Int64
  private let applicationName: String
  private let lookUp: @Sendable (String) -> HostLookup

  /// What a new `PGconn` was made of.
  struct Opening: Sendable {
    let handle: ConnectionHandle
    let candidates: ConnectCandidates
  }

  enum Outcome: Sendable {
    case opened(Opening)
    case failed(reason: String)
  }

  /// `nil` when the string cannot be parsed. Why is not told: the text may hold a password.
  /// - Parameter lookUp: gives the addresses of a host name. It may block.
  init?(
    _ configuration: DatabaseConfiguration, lookUp: @escaping @Sendable (String) -> HostLookup = HostLookup.system
  ) {
    guard let options = PQconninfoParse(configuration.conninfo, nil) else { return nil }
    defer { PQconninfoFree(options) }
    given = Self.values(options)
    statementMilliseconds = configuration.statementMilliseconds(until: .never)
    idleMilliseconds = configuration.idleMilliseconds(until: .never)
    applicationName = configuration.applicationName
    self.lookUp = lookUp
  }

  /// Looks up the servers' names and begins to connect. It blocks.
  func open() -> Outcome {
    let merged: [String: String]
    switch merge() {
    case .failed(let reason): return .failed(reason: reason)
    case .values(let values): merged = values
    }
    guard
      let list = ServerList(
        host: merged["host"] ?? "", hostaddr: merged["hostaddr"] ?? "", port: merged["port"] ?? "")
    else { return .failed(reason: "the numbers of hosts, addresses and ports do not match") }
    let (servers, failures) = list.located(by: lookUp)
    guard !servers.isEmpty else { return .failed(reason: failures.joined(separator: "; ")) }
    return .opened(open(ConnectCandidates(servers: servers, failures: failures), merged))
  }

  /// Begins to connect again, to fewer servers. It blocks.
  func open(_ candidates: ConnectCandidates) -> Outcome {
    switch merge() {
    case .failed(let reason): .failed(reason: reason)
    case .values(let merged): .opened(open(candidates, merged))
    }
  }

  private func open(_ candidates: ConnectCandidates, _ merged: [String: String]) -> Opening {
    Opening(
      handle: ConnectionHandle(connectingWith: keywords(for: candidates.servers, merged)), candidates: candidates)
  }

  /// What libpq is given: the connection string, our own settings, and each server with its address.
  private func keywords(for servers: [ServerAddress], _ merged: [String: String]) -> [(String, String)] {
    var all = given
    all["host"] = servers.map(\.host).joined(separator: ",")
    all["hostaddr"] = servers.map(\.hostaddr).joined(separator: ",")
    all["port"] = servers.map(\.port).joined(separator: ",")
    let own =
      "-c statement_timeout=\(statementMilliseconds) -c idle_in_transaction_session_timeout=\(idleMilliseconds)"
    all["options"] = merged["options"].map { "\($0) \(own)" } ?? own
    all["client_encoding"] = "UTF8"
    if merged["application_name"] == nil { all["application_name"] = applicationName }
    // A Kerberos library looks names up by itself. Who wants it says so with `require`.
    if merged["gssencmode"] == "prefer" { all["gssencmode"] = "disable" }
    // A peer that has vanished without a word is found out in about a minute, also by who has no deadline.
    for (keyword, value) in [
      ("keepalives_idle", "30"), ("keepalives_interval", "10"), ("keepalives_count", "3"),
      ("tcp_user_timeout", "60000"),
    ] where merged[keyword] == nil {
      all[keyword] = value
    }
    return all.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  private enum Merged {
    case values([String: String])
    case failed(reason: String)
  }

  /// A value that no keyword has, so that libpq's complaint about it is recognised.
  private static let marker = "cloudbill-refused"

  /// The connection string with what the environment and the service file add. libpq has no function for that, but it tells what it
  /// has merged when it refuses to connect: a wrong `channel_binding` makes it refuse after merging and before anything is sent.
  private func merge() -> Merged {
    var all = given
    all["channel_binding"] = Self.marker
    let probe = ConnectionHandle(connectingWith: all.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    let complaint = probe.errorMessage
    guard probe.isBad, complaint.contains(Self.marker), let options = probe.options() else {
      return .failed(reason: complaint.isEmpty ? "out of memory" : complaint)
    }
    defer { PQconninfoFree(options) }
    return .values(Self.values(options))
  }

  /// The keywords that have a value.
  private static func values(_ options: UnsafeMutablePointer<PQconninfoOption>) -> [String: String] {
    var values: [String: String] = [:]
    var option = options
    while let keyword = option.pointee.keyword {
      if let value = option.pointee.val, value.pointee != 0 {
        values[String(cString: keyword)] = String(cString: value)
      }
      option += 1
    }
    return values
  }
}

extension HostLookup {
  /// Asks the system (`getaddrinfo`): files, DNS, whatever it is configured for. It blocks.
  @Sendable
  static func system(_ host: String) -> HostLookup {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, nil, &hints, &list)
    guard code == 0 else {
      return .failed(
        reason: code == EAI_SYSTEM ? String(cString: strerror(errno)) : String(cString: gai_strerror(code)))
    }
    defer { freeaddrinfo(list) }
    var addresses: [String] = []
    var next = list
    while let entry = next {
      next = entry.pointee.ai_next
      if let text = numeric(entry.pointee), !addresses.contains(text) { addresses.append(text) }
    }
    return addresses.isEmpty ? .failed(reason: "it has no address") : .addresses(addresses)
  }

  private static func numeric(_ entry: addrinfo) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(NI_MAXHOST)) { buffer in
      guard
        getnameinfo(
          entry.ai_addr, entry.ai_addrlen, buffer.baseAddress, socklen_t(NI_MAXHOST), nil, 0, NI_NUMERICHOST) == 0
      else { return nil }
      return String(cString: buffer.baseAddress!)
    }
  }
}

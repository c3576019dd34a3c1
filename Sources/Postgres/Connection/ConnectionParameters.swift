internal import CPostgres
internal import Glibc

/// A parsed connection string with our own settings added, in the form libpq takes.
struct ConnectionParameters: Sendable {
  private let pairs: [(keyword: String, value: String)]
  /// The host names that must be looked up before connecting: libpq would block the loop doing it.
  let hostsToResolve: [String]

  /// `nil` when the string cannot be parsed. Why is not told: the text may hold a password.
  init?(_ configuration: DatabaseConfiguration) {
    guard let options = PQconninfoParse(configuration.conninfo, nil) else { return nil }
    defer { PQconninfoFree(options) }
    var given: [String: String] = [:]
    var option = options
    while let keyword = option.pointee.keyword {
      if let value = option.pointee.val { given[String(cString: keyword)] = String(cString: value) }
      option += 1
    }
    let milliseconds = max(1, configuration.statementTimeout.nanosecondsSaturated / 1_000_000)
    // A session whose client has gone silent inside a transaction must not hold its locks for ever.
    let own = "-c statement_timeout=\(milliseconds) -c idle_in_transaction_session_timeout=60000"
    given["options"] = given["options"].map { "\($0) \(own)" } ?? own
    given["client_encoding"] = "UTF8"
    if given["application_name"] == nil { given["application_name"] = configuration.applicationName }
    let hosts = (given["host"] ?? "").split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    let names = given["hostaddr"] == nil ? hosts.filter { !Self.isAddress($0) } : []
    hostsToResolve = names.isEmpty ? [] : hosts
    pairs = given.sorted { $0.key < $1.key }.map { (keyword: $0.key, value: $0.value) }
  }

  /// Calls `body` with the null-terminated arrays of `PQconnectStartParams`.
  /// - Parameter addresses: `hostaddr` for the hosts that were looked up.
  func withKeywords<Result>(
    addresses: String?,
    _ body: (UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<UnsafePointer<CChar>?>) -> Result
  ) -> Result {
    var all = pairs
    if let addresses { all.append((keyword: "hostaddr", value: addresses)) }
    let keywords = all.map { strdup($0.keyword) }
    let values = all.map { strdup($0.value) }
    defer { for text in keywords + values { free(text) } }
    let keywordPointers = keywords.map { $0.map { UnsafePointer($0) } } + [nil]
    let valuePointers = values.map { $0.map { UnsafePointer($0) } } + [nil]
    return keywordPointers.withUnsafeBufferPointer { keywords in
      valuePointers.withUnsafeBufferPointer { values in
        body(keywords.baseAddress!, values.baseAddress!)
      }
    }
  }

  /// A socket directory, an abstract socket, a numeric address, or nothing: what needs no look-up.
  private static func isAddress(_ host: String) -> Bool {
    if host.isEmpty || host.hasPrefix("/") || host.hasPrefix("@") { return true }
    var storage = in6_addr()
    return inet_pton(AF_INET, host, &storage) == 1 || inet_pton(AF_INET6, host, &storage) == 1
  }

  /// Looks the hosts up, in order; one without an answer stays as it is and fails when it is tried. It blocks.
  static func resolve(_ hosts: [String]) -> String {
    hosts.map { host in
      guard !isAddress(host) else { return host.hasPrefix("/") || host.hasPrefix("@") ? "" : host }
      return firstAddress(of: host) ?? ""
    }.joined(separator: ",")
  }

  private static func firstAddress(of host: String) -> String? {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, nil, &hints, &list) == 0, let first = list else { return nil }
    defer { freeaddrinfo(list) }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(NI_MAXHOST)) { buffer in
      guard
        getnameinfo(
          first.pointee.ai_addr, first.pointee.ai_addrlen, buffer.baseAddress, socklen_t(NI_MAXHOST), nil, 0,
          NI_NUMERICHOST) == 0
      else { return nil }
      return String(cString: buffer.baseAddress!)
    }
  }
}

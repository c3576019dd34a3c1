/// One server to try: one element of libpq's `host`, `hostaddr` and `port` lists.
struct ServerAddress: Hashable, Sendable {
  /// The name that certificates and password files are checked against, a socket directory, or empty for the default one.
  var host: String
  /// The numeric address; empty for a socket.
  var hostaddr: String
  /// Empty for the default port.
  var port: String

  /// Whether libpq would have to look the name up.
  var needsLookup: Bool {
    hostaddr.isEmpty && !host.isEmpty && !host.hasPrefix("/") && !host.hasPrefix("@")
  }

  /// As an error names it.
  var description: String {
    let name = hostaddr.isEmpty || hostaddr == host ? host : "\(host) (\(hostaddr))"
    return port.isEmpty ? name : "\(name), port \(port)"
  }
}

/// What looking up one host name gave.
enum HostLookup: Sendable, Hashable {
  /// Numeric addresses of both families, in the order in which they are to be tried.
  case addresses([String])
  case failed(reason: String)
}

/// The servers of a connection string, in order (PostgreSQL manual, "Specifying Multiple Hosts").
struct ServerList: Sendable, Hashable {
  let servers: [ServerAddress]

  /// Nil when the lists do not match; libpq refuses such a connection string too.
  init?(host: String, hostaddr: String, port: String) {
    let hosts = Self.elements(of: host)
    let addresses = Self.elements(of: hostaddr)
    let ports = Self.elements(of: port)
    let count = max(hosts.count, addresses.count, 1)
    guard hosts.isEmpty || hosts.count == count, addresses.isEmpty || addresses.count == count,
      ports.count <= 1 || ports.count == count
    else { return nil }
    servers = (0..<count).map { index in
      ServerAddress(
        host: hosts.isEmpty ? "" : hosts[index], hostaddr: addresses.isEmpty ? "" : addresses[index],
        port: ports.count == 1 ? ports[0] : (ports.isEmpty ? "" : ports[index]))
    }
  }

  private static func elements(of list: String) -> [String] {
    list.isEmpty ? [] : list.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  }

  /// Puts the addresses of each name in its place. A name without any is left out, so that libpq never looks one up by itself.
  /// - Returns: what is to be tried, and why names were left out.
  func located(by lookup: (String) -> HostLookup) -> (servers: [ServerAddress], failures: [String]) {
    var found: [String: HostLookup] = [:]
    var located: [ServerAddress] = []
    var failures: [String] = []
    for server in servers {
      guard server.needsLookup else {
        located.append(server)
        continue
      }
      let isNew = found[server.host] == nil
      let result = found[server.host] ?? lookup(server.host)
      found[server.host] = result
      switch result {
      case .addresses(let addresses):
        for address in addresses {
          located.append(ServerAddress(host: server.host, hostaddr: address, port: server.port))
        }
      case .failed(let reason):
        if isNew { failures.append("the host name \(server.host) cannot be looked up: \(reason)") }
      }
    }
    return (located, failures)
  }
}

/// The servers that one attempt to connect still has to try. Pure: it is told the time.
struct ConnectCandidates: Sendable, Hashable {
  private(set) var servers: [ServerAddress]
  /// Why others are not tried any more.
  private(set) var failures: [String]

  /// What went wrong, with the names that libpq leaves out when it has been given their addresses.
  func account(of failure: String) -> String {
    var names: [String] = []
    for server in servers where server.host != server.hostaddr && !server.hostaddr.isEmpty && !server.host.isEmpty {
      if !names.contains(server.host) { names.append(server.host) }
    }
    let prefix = names.isEmpty ? "" : "\(names.joined(separator: ", ")): "
    return (failures + [prefix + failure]).joined(separator: "; ")
  }

  /// How long the next server may stay silent before the others get their turn. Nil for the last one, which has all the time left.
  func patience(timeLeft: Duration) -> Duration? {
    servers.count > 1 ? timeLeft / servers.count : nil
  }

  /// Takes a server that did not answer out of the list. libpq cannot be told to go on with the next one, so it begins again with
  /// the rest.
  /// - Returns: false when there is no other to try.
  mutating func giveUp(_ current: ServerAddress) -> Bool {
    let index = servers.firstIndex { server in
      (server.hostaddr.isEmpty ? server.host == current.host : server.hostaddr == current.hostaddr)
        && (server.port.isEmpty || server.port == current.port)
    }
    guard servers.count > 1, let index else { return false }
    failures.append("\(servers[index].description) did not answer in time")
    servers.remove(at: index)
    return true
  }

  init(servers: [ServerAddress], failures: [String]) {
    self.servers = servers
    self.failures = failures
  }
}

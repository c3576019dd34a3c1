import Testing

@testable import Postgres

@Suite("Servers of a connection string")
struct ServerAddressTests {
  static let names: [String: HostLookup] = [
    "one.test": .addresses(["10.0.0.1"]),
    "two.test": .addresses(["::1", "127.0.0.1"]),
    "none.test": .failed(reason: "no such name"),
    "10.0.0.9": .addresses(["10.0.0.9"]),
  ]

  static func located(_ host: String, _ hostaddr: String, _ port: String) -> (servers: [String], failures: [String])? {
    guard let list = ServerList(host: host, hostaddr: hostaddr, port: port) else { return nil }
    let (servers, failures) = list.located { names[$0] ?? .failed(reason: "unknown") }
    return (servers.map { "\($0.host)|\($0.hostaddr)|\($0.port)" }, failures)
  }

  @Test(
    "each name becomes its addresses, with its own port, and keeps its name",
    arguments: [
      ("", "", "", ["||"]),
      ("/run/pg", "", "5433", ["/run/pg||5433"]),
      ("@abstract", "", "", ["@abstract||"]),
      ("one.test", "", "", ["one.test|10.0.0.1|"]),
      ("two.test", "", "1", ["two.test|::1|1", "two.test|127.0.0.1|1"]),
      ("10.0.0.9", "", "", ["10.0.0.9|10.0.0.9|"]),
      ("", "10.0.0.2", "", ["|10.0.0.2|"]),
      ("two.test", "10.0.0.2", "", ["two.test|10.0.0.2|"]),
      ("two.test,one.test", "", "1,2", ["two.test|::1|1", "two.test|127.0.0.1|1", "one.test|10.0.0.1|2"]),
      ("one.test,two.test", "10.0.0.2,", "7", ["one.test|10.0.0.2|7", "two.test|::1|7", "two.test|127.0.0.1|7"]),
      ("/run/pg,one.test", "", ",2", ["/run/pg||", "one.test|10.0.0.1|2"]),
      ("none.test,one.test", "", "1,2", ["one.test|10.0.0.1|2"]),
      ("none.test", "", "", []),
    ] as [(String, String, String, [String])])
  func expanded(host: String, hostaddr: String, port: String, expected: [String]) throws {
    let (servers, failures) = try #require(Self.located(host, hostaddr, port))
    #expect(servers == expected)
    #expect(
      failures == (host.contains("none.test") ? ["the host name none.test cannot be looked up: no such name"] : []))
  }

  @Test(
    "lists that do not match are refused",
    arguments: [("a,b", "10.0.0.1", ""), ("a", "", "1,2"), ("a,b,c", "", "1,2"), ("", "1.1.1.1,2.2.2.2", "1,2,3")])
  func mismatch(host: String, hostaddr: String, port: String) {
    #expect(ServerList(host: host, hostaddr: hostaddr, port: port) == nil)
  }

  @Test("whatever the lists hold, libpq is left no name to look up")
  func nothingToLookUp() throws {
    let hosts = ["", "/run", "@x", "one.test", "two.test", "none.test", "10.0.0.9"]
    let addresses = ["", "10.1.1.1", "::2"]
    for one in hosts {
      for two in hosts {
        for first in addresses {
          for second in addresses {
            let hostaddr = first.isEmpty && second.isEmpty ? "" : "\(first),\(second)"
            let list = try #require(ServerList(host: "\(one),\(two)", hostaddr: hostaddr, port: ""))
            let (servers, _) = list.located { Self.names[$0] ?? .failed(reason: "unknown") }
            let isLeft = servers.contains { $0.needsLookup }
            #expect(!isLeft, "\(list)")
          }
        }
      }
    }
  }

  @Test("a name that stands twice is looked up once")
  func lookedUpOnce() throws {
    let list = try #require(ServerList(host: "none.test,none.test,one.test,one.test", hostaddr: "", port: ""))
    var asked: [String] = []
    let (servers, failures) = list.located { name in
      asked.append(name)
      return Self.names[name] ?? .failed(reason: "unknown")
    }
    #expect(asked == ["none.test", "one.test"])
    #expect(servers.count == 2)
    #expect(failures.count == 1)
  }

  @Test("a silent server is taken out and told, and each gets an equal share of the time left")
  func silence() {
    let servers = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map { ServerAddress(host: "db.test", hostaddr: $0, port: "") }
    var candidates = ConnectCandidates(servers: servers, failures: [])
    #expect(candidates.patience(timeLeft: .seconds(3)) == .seconds(1))
    func giveUp(_ address: String) -> Bool {
      candidates.giveUp(ServerAddress(host: "db.test", hostaddr: address, port: "5432"))
    }
    let first = giveUp("10.0.0.2")
    #expect(first)
    #expect(candidates.servers.map(\.hostaddr) == ["10.0.0.1", "10.0.0.3"])
    #expect(candidates.failures == ["db.test (10.0.0.2) did not answer in time"])
    #expect(candidates.patience(timeLeft: .seconds(2)) == .seconds(1))
    let unknown = giveUp("10.9.9.9")
    #expect(!unknown)
    let second = giveUp("10.0.0.1")
    #expect(second)
    #expect(candidates.patience(timeLeft: .seconds(1)) == nil)
    let last = giveUp("10.0.0.3")
    #expect(!last)
    #expect(candidates.servers.count == 1)
  }
}

import Reactor
import Testing

@Suite("Endpoints")
struct EndpointTests {
  @Test(
    "are read as gRPC's naming writes them",
    arguments: [
      ("billing:50051", "billing:50051"), ("billing.mesh.example.:1", "billing.mesh.example.:1"),
      ("dns:billing:50051", "billing:50051"), ("dns:///billing:50051", "billing:50051"),
      ("localhost:0", "localhost:0"), ("a_b-c:65535", "a_b-c:65535"), ("4you:80", "4you:80"),
      ("127.0.0.1:80", "127.0.0.1:80"), ("[::1]:80", "[::1]:80"), ("dns:[2001:db8::5]:443", "[2001:db8::5]:443"),
      ("unix:/run/billing", "unix:/run/billing"), ("unix:///run/billing", "unix:/run/billing"),
      ("unix:billing", "unix:billing"),
    ])
  func accepted(text: String, written: String) throws {
    #expect(try Endpoint(text).description == written)
  }

  @Test("without a port take the default one", arguments: ["billing", "127.0.0.1", "[::1]", "::1", "dns:///billing"])
  func defaultPort(text: String) throws {
    let description = try Endpoint(text, defaultPort: 9).description
    #expect(description.hasSuffix(":9"))
    #expect(throws: ReactorError.invalidAddress(text)) { try Endpoint(text) }
  }

  @Test("are looked up only when they are names")
  func lookedUp() throws {
    #expect(try Endpoint("127.0.0.1:80") == .address(.ipv4(0x7f00_0001, port: 80)))
    #expect(try Endpoint("[::1]:80") == .address(.ipv6(0, 1, port: 80)))
    #expect(try Endpoint("localhost:80") == .name("localhost", port: 80))
  }

  @Test(
    "that mean nothing for sure are refused",
    arguments: [
      "", ":80", "host:", "host:65536", "host:-1", "host:+1", "host:8 0", "host:080000", "host:０", "a..b:1", ".a:1",
      "a b:1",
      "a\0b:1", "127.0.0.1\0:1", "ümlaut:1", "1.2.3:1", "1.2.3.4.5:1", "0x7f000001:1", "2130706433:1", "1.2.3.256:1",
      "[127.0.0.1]:80", "[host]:80", "[::1", "[::1]80", "[::1]:", "[fe80::1%eth0]:80", "fe80::1%eth0", "unix:",
      "unix://host/path",
      "unix:a\0b", "dns:", "dns://server/host:1", String(repeating: "a", count: 64) + ":1",
      String(repeating: "a.", count: 127) + "a:1",
    ])
  func refused(text: String) {
    #expect(throws: ReactorError.self) { try Endpoint(text, defaultPort: 1) }
  }
}

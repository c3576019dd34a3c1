import HTTP2
import TestSupport
import Testing

@Suite("Clients of others")
struct RealClientTests {
  @Test("curl gets, posts and reads trailers")
  func curl() async throws {
    try await World.run { world in
      let base = "http://127.0.0.1:\(world.address.port ?? 0)"
      let hello = try await world.blocking {
        try runProcess(
          "curl", ["-s", "--http2-prior-knowledge", "-w", " %{http_version} %{http_code}", base + "/hello"])
      }
      #expect(hello.outputText == "hello 2 200")
      let body = [UInt8](repeating: UInt8(ascii: "c"), count: 3_000_000)
      let echo = try await world.blocking {
        try runProcess(
          "curl",
          ["-s", "--http2-prior-knowledge", "-D", "-", "--data-binary", "@-", base + "/echo"], input: body)
      }
      #expect(echo.output.count > body.count)
      #expect(echo.outputText.contains("x-count: 3000000"))
      let large = try await world.blocking {
        try runProcess(
          "curl",
          ["-s", "--http2-prior-knowledge", "-o", "/dev/null", "-w", "%{size_download}", base + "/bytes/30000000"])
      }
      #expect(large.outputText == "30000000")
    }
  }

  @Test("Python's h2 asks over one connection, with windows it renews itself")
  func pythonH2() async throws {
    try await World.run { world in
      let port = String(world.address.port ?? 0)
      let result = try await world.blocking {
        let script = TestEnvironment.root.appending(path: "Tests/HTTP2Tests/Python/h2_client.py").path
        return try runProcess(TestEnvironment.python, [script, port])
      }
      #expect(result.outputText == "ok\n", "\(result.errorText)")
    }
  }
}

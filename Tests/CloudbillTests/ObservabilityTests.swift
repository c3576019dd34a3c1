import Foundation
import Testing

@Suite("What an operator sees")
struct ObservabilityTests {
  @Test("one request id stands in the log lines of every process that had to do with the request")
  func requestID() throws {
    let mesh = try RunningMesh.shared.get()
    let client = try RestClient.signedIn()
    let list = try client.get("/api/billing/subscriptions?limit=1")
    let billing = try #require(list.headers["x-request-id"])
    let me = try client.get("/api/auth/me")
    let auth = try #require(me.headers["x-request-id"])
    #expect(auth != billing)
    for (id, name) in [(billing, "edge"), (billing, "billing"), (auth, "edge"), (auth, "auth")] {
      try mesh.eventually("line of \(id) in \(name)'s log", within: 10) { mesh.log(name).contains(id) }
    }
    let line = try #require(mesh.log("billing").split(separator: "\n").first { $0.contains(billing) })
    let record = try JSON(String(line))
    #expect(record["service"] == .string("billing"))
    #expect(record["request_id"] == .string(billing))
  }

  @Test("no log holds a password or a token")
  func secrets() throws {
    let mesh = try RunningMesh.shared.get()
    let client = try RestClient.signedIn()
    let token = try #require(client.token?.split(separator: ".").last)
    _ = try client.get("/api/auth/me")
    for name in ["edge", "auth", "billing", "postgres"] {
      let log = mesh.log(name)
      #expect(!log.contains(RestClient.password))
      #expect(!log.contains(token))
    }
  }

  @Test("each process tells its health and its metrics on its internal port")
  func metrics() throws {
    let mesh = try RunningMesh.shared.get()
    _ = try RestClient.signedIn().get("/api/billing/subscriptions")
    for (name, port) in [("edge", mesh.edgeMetrics), ("auth", mesh.authMetrics), ("billing", mesh.billingMetrics)] {
      let page = RestClient(url: "http://127.0.0.1:\(port)")
      #expect(try page.get("/health").status == 200)
      let text = try page.get("/metrics").text
      #expect(text.contains("# TYPE "), "\(name)")
      #expect(text.contains("cloudbill_reactor_longest_turn_seconds{"), "\(name)")
      #expect(text.contains("_bucket{"), "\(name) shows a latency histogram")
      for line in text.split(separator: "\n") where !line.hasPrefix("#") {
        #expect(Double(line.split(separator: " ").last ?? "") != nil || line.hasSuffix("+Inf"), "\(line)")
      }
    }
  }
}

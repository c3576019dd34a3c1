import Foundation
import Reactor
import ServiceKit
import Synchronization
import Testing

@testable import Edge

@Suite("Who makes a request")
struct AuthenticatorTests {
  private static let me = "/api/auth/me"

  private static func remembering(_ body: (EdgeWorld) async throws -> Void) async throws {
    try await withEdge(adjusting: { $0.limits.sessionMemory = .seconds(600) }, body)
  }

  @Test("a session is asked about once, whichever token names it, and forgotten everywhere when it ends")
  func once() async throws {
    try await Self.remembering { edge in
      let session = UUID().uuidString.lowercased()
      let tokens = [edge.token(session: session), edge.token(session: session, lifetime: 1800)]
      for token in tokens + tokens { #expect(try edge.ask("GET", Self.me, token: token).status == 200) }
      // Once on each of the two loops at most.
      #expect((1...2).contains(edge.sessions.asked))
      let signedOut = try edge.ask("POST", "/api/auth/logout", token: tokens[0])
      #expect(signedOut.status == 200)
      for token in tokens + tokens { #expect(try edge.ask("GET", Self.me, token: token).status == 401) }
    }
  }

  @Test(
    "what any service says has changed is asked about anew",
    arguments: [
      "user-0000000a-0000-4000-8000-000000000001", "tenant-\(EdgeWorld.tenant)",
      "failing-0000000a-0000-4000-8000-000000000001",
    ])
  func changes(_ subscription: String) async throws {
    try await Self.remembering { edge in
      let session = UUID().uuidString.lowercased()
      let token = edge.token(.admin, session: session)
      // One connection stays with one loop, and what it remembers; the change is told on another connection.
      let client = try RawClient(port: edge.port)
      func post() throws -> Int {
        client.send(
          "POST /api/billing/subscriptions HTTP/1.1\r\nhost: edge\r\nauthorization: Bearer \(token)\r\n"
            + "x-tenant-id: \(EdgeWorld.tenant)\r\ncontent-type: application/json\r\ncontent-length: 14\r\n\r\n{\"planId\":\"x\"}"
        )
        return try client.readAnswer().status
      }
      #expect(try post() == 201)
      edge.sessions.change(session, to: .viewer)
      #expect(try post() == 201, "it is remembered")
      _ = try edge.ask("GET", "/api/billing/subscriptions/\(subscription)", token: token)
      #expect(try post() == 403)
    }
  }

  @Test("a check that is under way when the session ends does not bring it back")
  func overtaken() async throws {
    try await Self.remembering { edge in
      let session = UUID().uuidString.lowercased()
      let token = edge.token(session: session)
      let (checks, feed) = AsyncStream<CheckedContinuation<Void, Never>>.makeStream()
      // The check has seen the session as it was, and its answer is late.
      edge.sessions.delay = { await withCheckedContinuation { _ = feed.yield($0) } }
      async let late = Task.detached { try edge.ask("GET", Self.me, token: token) }.value
      var waiting = checks.makeAsyncIterator()
      let check = try #require(await waiting.next())
      edge.sessions.delay = nil
      edge.sessions.end(session)
      // Somebody else's request tells the edge.
      let other = edge.token()
      _ = try edge.ask("GET", "/api/billing/subscriptions/user-0000000a-0000-4000-8000-000000000001", token: other)
      check.resume()
      #expect(try await late.status == 401)
      #expect(try edge.ask("GET", Self.me, token: token).status == 401)
    }
  }

  @Test("a super admin's crossing is asked for by its tenant, and nobody else's")
  func crossing() async throws {
    try await Self.remembering { edge in
      let path = "/api/billing/subscriptions/abc"
      let root = edge.token(.superAdmin)
      let there = try edge.ask("GET", path, token: root, tenant: EdgeWorld.other)
      #expect(there.status == 200 && there.body.contains("\"tenantId\":\"\(EdgeWorld.other)\""))
      #expect(edge.sessions.crossings.allSatisfy { $0 == EdgeWorld.other } && !edge.sessions.crossings.isEmpty)
      let asked = edge.sessions.crossings.count
      let here = try edge.ask("GET", path, token: root)
      #expect(here.body.contains("\"tenantId\":\"\(EdgeWorld.tenant)\""))
      #expect(try edge.ask("GET", path, token: edge.token(.admin), tenant: EdgeWorld.other).status == 403)
      #expect(edge.sessions.crossings.count <= asked + 1)
    }
  }
}

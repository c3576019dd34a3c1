import Foundation
import TestSupport
import Testing

@testable import Edge

@Suite("HTTP/2 at the edge")
struct HTTP2Tests {
  /// What the script asks, and the answer: a status, or the error code of the frame that ends the stream or the connection
  /// (RFC 9113 section 7).
  private static let expected = [
    "CONTINUATION alone": "goaway 1",
    "DATA on an idle stream": "goaway 1",
    "DATA on stream 0": "goaway 1",
    "HEAD": "200",
    "HEADERS on an even stream": "goaway 1",
    "PING flood": "goaway 11",
    "SETTINGS flood": "goaway 11",
    "SETTINGS of odd length": "goaway 6",
    "SETTINGS on a stream": "goaway 1",
    "a hundred at once": "200",
    "a request": "200",
    "afterwards": "200",
    "announced too large": "413",
    "bad HPACK": "goaway 9",
    "bad JSON": "400",
    "connection field": "reset 1",
    "continue": "100, then 200",
    "endless CONTINUATION": "goaway 11",
    "escaped path": "200",
    "field value with a line break": "reset 1",
    "frame too large": "goaway 6",
    "host as authority": "200",
    "host unlike authority": "400",
    "huge head": "431",
    "interrupted head": "goaway 1",
    "no method": "reset 1",
    "no path": "reset 1",
    "path not from the root": "reset 1",
    "path with a query": "200",
    "pseudo field after others": "reset 1",
    "rapid reset": "goaway 11",
    "refused before its body": "401",
    "refused before the body it would continue": "405",
    "refused, then another": "reset 1, then 200",
    "sign-in": "200",
    "too large": "413",
    "too many fields": "431",
    "transfer-encoding": "reset 1",
    "two authorizations": "400",
    "two tenants": "400",
    "unknown expectation": "417",
    "unknown pseudo field": "reset 1",
    "unknown route": "404",
    "upper-case name": "reset 1",
    "window overflow": "goaway 3",
    "wrong length": "reset 1",
    "wrong method": "405",
    "wrong preface": "HTTP/1.1 505 HTTP Version Not Supported",
  ]

  @Test("requests are answered, bad ones refused alone, and a broken connection ended with its reason")
  func cases() async throws {
    try await withEdge { world in
      let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Python/http2_cases.py")
      let result = try runProcess(TestEnvironment.python, [script.path, String(world.port)])
      #expect(result.status == 0, "\(result.errorText)")
      let outcomes = try #require(
        try JSONSerialization.jsonObject(with: Data(result.output)) as? [String: String], "\(result.outputText)")
      for (question, answer) in Self.expected { #expect(outcomes[question] == answer, "\(question)") }
      #expect(outcomes.count == Self.expected.count)
    }
  }

  @Test("a gRPC client that was pointed at the edge is told so at once")
  func grpc() async throws {
    try await withEdge { world in
      let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Python/grpc_call.py")
      let result = try runProcess(TestEnvironment.python, [script.path, String(world.port)])
      #expect(result.status == 0, "\(result.outputText) \(result.errorText)")
    }
  }

  @Test("curl speaks HTTP/2 with prior knowledge")
  func curl() async throws {
    try await withEdge { world in
      let result = try runProcess(
        "curl",
        [
          "-s", "-w", "%{http_version} %{http_code}", "--http2-prior-knowledge",
          "http://127.0.0.1:\(world.port)/health",
        ])
      #expect(result.outputText.hasSuffix("2 200"), "\(result.outputText) \(result.errorText)")
    }
  }
}

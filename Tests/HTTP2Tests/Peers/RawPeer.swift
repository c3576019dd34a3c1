import Foundation
import HTTP2
import TestSupport

/// What `raw_peer.py` saw of the server.
struct RawPeer: Decodable, Sendable {
  let goaway: UInt32?
  let resets: [String: UInt32]
  let statuses: [String: String]
  let acknowledged: Int
  let pings: Int
  let closed: Bool
  let body: Int

  var goAway: HTTP2ErrorCode? { goaway.map { HTTP2ErrorCode(rawValue: $0) } }

  /// Runs one case of the script against the world's server, then makes sure that the server still serves.
  static func run(_ name: String, in world: World) async throws -> RawPeer {
    guard let port = world.address.port else { throw HTTP2Error.cannotOpenStream }
    let peer = try await world.blocking {
      let script = TestEnvironment.root.appending(path: "Tests/HTTP2Tests/Python/raw_peer.py").path
      let result = try runProcess(TestEnvironment.python, [script, String(port), name])
      guard result.status == 0 else { throw Failure(text: "\(name): \(result.errorText)") }
      return try JSONDecoder().decode(RawPeer.self, from: Data(result.output))
    }
    let text = try await world.onLoop { server in
      let client = try await TestClient(server.address)
      defer { client.connection?.close() }
      return await client.get("/hello").text
    }
    guard text == "hello" else { throw Failure(text: "after \(name) the server does not answer") }
    return peer
  }

  private struct Failure: Error { let text: String }
}

import Foundation
import Protobuf
import RPC
import TestSupport
import Testing

@Suite("Google's client and our server")
struct GoogleClientTests {
  @Test(
    "agree on everything a call consists of",
    arguments: [
      "statuses", "metadata", "sizes", "deadlines", "cancellation", "concurrent", "streams", "unknown", "compression",
      "health", "reflection",
    ])
  func agree(name: String) async throws {
    var configuration = ServerConfiguration()
    configuration.reflection = RPCDescriptors.files
    try await RPCWorld.run(server: configuration) { world in
      let port = String(world.address.port ?? 0)
      let result = try await world.blocking {
        let script = TestEnvironment.root.appending(path: "Tests/RPCTests/Python/grpcio_client.py").path
        return try runProcess(TestEnvironment.python, [script, port, name])
      }
      #expect(result.outputText == "ok\n", "\(result.errorText)")
      #expect(await eventually { await world.server.runningCalls() == 0 })
    }
  }

  @Test("grpcurl lists, describes and calls by reflection")
  func grpcurl() async throws {
    var configuration = ServerConfiguration()
    configuration.reflection = RPCDescriptors.files
    try await RPCWorld.run(server: configuration) { world in
      let target = "127.0.0.1:\(world.address.port ?? 0)"
      func grpcurl(_ arguments: String...) async throws -> ProcessResult {
        try await world.blocking {
          try runProcess(TestEnvironment.pythonTool("grpcurl"), ["-plaintext", "-max-time", "60"] + arguments)
        }
      }
      let list = try await grpcurl(target, "list")
      #expect(list.outputText.contains("grpc.health.v1.Health"), "\(list.errorText)")
      #expect(list.outputText.contains("grpc.reflection.v1.ServerReflection"))
      let described = try await grpcurl(target, "describe", "grpc.health.v1.HealthCheckResponse")
      #expect(described.outputText.contains("SERVING"), "\(described.errorText)")
      let called = try await grpcurl("-d", "{\"service\": \"test.Kitchen\"}", target, "grpc.health.v1.Health/Check")
      #expect(called.outputText.contains("\"status\": \"SERVING\""), "\(called.errorText)")
      let failed = try await grpcurl("-d", "{\"service\": \"nobody\"}", target, "grpc.health.v1.Health/Check")
      #expect(failed.errorText.contains("NotFound"))
    }
  }
}

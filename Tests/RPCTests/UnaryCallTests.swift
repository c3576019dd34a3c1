import Protobuf
import RPC
import Reactor
import Testing

@Suite("A call")
struct UnaryCallTests {
  struct Echo: Service {
    static let descriptor = MethodDescriptor(service: "test.Echo", name: "Say", kind: .unary)
    var methods: [ServerMethod] { [.unary(Self.descriptor, say)] }
    func say(_ request: StringValue, _ call: ServerCall) async throws(RPCError) -> StringValue {
      if request.value == "fail" { throw .notFound("nothing ümlaut %") }
      return StringValue(request.value + "!")
    }
  }

  @Test("goes through server and channel on loopback")
  func roundTrip() async throws {
    let group = try EventLoopGroup(count: 2)
    defer { group.stop() }
    let server = Server(services: [Echo()], group: group)
    let address = try await server.start(on: try SocketAddress(host: "127.0.0.1", port: 0))
    let channel = Channel(target: [address], group: group)
    for index in 0..<100 {
      let reply: StringValue = try await channel.unary(Echo.descriptor, StringValue("\(index)"))
      #expect(reply == StringValue("\(index)!"))
    }
    let error = await #expect(throws: RPCError.self) {
      let _: StringValue = try await channel.unary(Echo.descriptor, StringValue("fail"))
    }
    #expect(error?.code == .notFound && error?.message == "nothing ümlaut %")
    await server.drain(within: .seconds(5))
  }
}

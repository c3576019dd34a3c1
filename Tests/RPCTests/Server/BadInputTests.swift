import Protobuf
import RPC
import Reactor
import Testing

@Suite("Requests that are not as they should be")
struct BadInputTests {
  private static let message: [UInt8] = [10, 3, 114, 97, 119]

  private func send(_ call: RawCall, _ configuration: ServerConfiguration = ServerConfiguration()) async throws
    -> RawCall.Reply
  {
    try await RPCWorld.run(server: configuration) { world in
      let reply = try await call.send(to: world.address, group: world.group)
      // Whatever came, the server serves on and has nothing left over.
      #expect(await world.outcome("still") == "still!")
      #expect(await eventually { await world.server.runningCalls() == 0 })
      return reply
    }
  }

  @Test("a request as it should be is answered")
  func lawful() async throws {
    let reply = try await send(RawCall(RawCall.frame(Self.message)))
    #expect(reply.status == "200")
    #expect(reply.contentType == "application/grpc")
    #expect(reply.code == "0")
    #expect(reply.body == RawCall.frame([10, 4, 114, 97, 119, 33]))
    #expect(reply.reset == nil)
  }

  @Test(
    "a body that is not one whole message gets the status that says so",
    arguments: [
      ("nothing", [], .unimplemented), ("a part of the prefix", [0, 0, 0], .internal),
      ("half a message", RawCall.frame([10, 3, 114], length: 5), .internal),
      ("a length beyond the body", RawCall.frame(message, length: 1000), .internal),
      ("a length over the limit", RawCall.frame(message, length: 5_000_000), .resourceExhausted),
      ("the largest length", RawCall.frame(message, length: 0xFFFF_FFFF), .resourceExhausted),
      ("the compression flag", RawCall.frame(message, flag: 1), .internal),
      ("a flag that does not exist", RawCall.frame(message, flag: 7), .internal),
      ("two messages", RawCall.frame(message) + RawCall.frame(message), .unimplemented),
      ("a message and a bit", RawCall.frame(message) + [0, 0], .unimplemented),
      ("a length that is too short", RawCall.frame(message, length: 2), .unimplemented),
      ("no protobuf", RawCall.frame([255, 255, 255, 255]), .internal),
      ("a string that is not UTF-8", RawCall.frame([10, 2, 0xC3, 0x28]), .invalidArgument),
      ("a group that is never closed", RawCall.frame([11]), .internal),
      ("the field number 0", RawCall.frame([2, 1, 1]), .internal),
      ("a varint without end", RawCall.frame([8] + [UInt8](repeating: 255, count: 11)), .internal),
      ("groups nested deeply", RawCall.frame([UInt8](repeating: 0x1B, count: 5000)), .internal),
    ] as [(String, [UInt8], StatusCode)])
  func body(name: String, bytes: [UInt8], code: StatusCode) async throws {
    let reply = try await send(RawCall(bytes))
    #expect(reply.status == "200")
    #expect(reply.code == String(code.rawValue), "\(name): \(reply.message)")
    #expect(!reply.message.isEmpty)
    #expect(reply.body.isEmpty)
  }

  @Test("a body that breaks content-length is reset, and no handler sees it", arguments: [1, 13, 15, 1000])
  func contentLength(announced: Int) async throws {
    try await RPCWorld.run { world in
      var call = RawCall(changing: ["content-length": "\(announced)"])
      call.body = RawCall.frame(try StringValue("sleep 1").serialized())
      #expect(call.body.count == 14)
      let reply = try await call.send(to: world.address, group: world.group)
      #expect(reply.reset == .protocolError)
      #expect(reply.code.isEmpty)
      #expect(await world.outcome("still") == "still!")
      #expect(world.kitchen.seen.started == 0)
      #expect(await eventually { await world.server.runningCalls() == 0 })
    }
  }

  @Test("a request over the limit is answered before it has arrived")
  func early() async throws {
    var configuration = ServerConfiguration()
    configuration.maximumRequestBytes = 1000
    let reply = try await send(
      RawCall(RawCall.frame([UInt8](repeating: 0, count: 900_000)), ends: false), configuration)
    #expect(reply.code == String(StatusCode.resourceExhausted.rawValue))
    #expect(reply.reset == nil)
  }

  @Test("requests that never become whole hold a bounded number of bytes")
  func held() async throws {
    var configuration = ServerConfiguration()
    configuration.maximumRequestBytes = 400_000
    configuration.maximumHeldBytes = 500_000
    try await RPCWorld.run(server: configuration) { world in
      let group = try EventLoopGroup(count: 1)
      defer { group.stop() }
      let part = RawCall.frame([UInt8](repeating: 0, count: 300_000), length: 400_000)
      let first = Task { try await RawCall(part, ends: false).send(to: world.address, group: group) }
      #expect(await eventually { await world.server.heldBytes() >= part.count })
      // The one that has stood still for longer makes room for the other.
      let second = Task {
        try await RawCall(part, ends: false, cancellable: true).send(to: world.address, group: group)
      }
      #expect(try await first.value.code == String(StatusCode.resourceExhausted.rawValue))
      #expect(await eventually { await world.server.heldBytes() >= part.count })
      #expect(await world.server.heldBytes() <= 500_000)
      second.cancel()
      _ = try await second.value
      #expect(await eventually { await world.server.heldBytes() == 0 })
      let third = try await RawCall(RawCall.frame([UInt8](repeating: 0, count: 400_000)))
        .send(to: world.address, group: group)
      #expect(third.code == String(StatusCode.internal.rawValue))
    }
  }

  @Test("a request that is reset half way leaves nothing behind")
  func resetHalfWay() async throws {
    try await RPCWorld.run { world in
      let group = try EventLoopGroup(count: 1)
      defer { group.stop() }
      for body in [[], [0, 0], RawCall.frame(Self.message, length: 100_000)] {
        let call = Task {
          try await RawCall(body, ends: false, cancellable: true).send(to: world.address, group: group)
        }
        #expect(await eventually { await world.server.runningCalls() == 1 })
        #expect(await eventually { await world.server.heldBytes() >= body.count })
        call.cancel()
        #expect(try await call.value.reset == .cancel)
        #expect(await eventually { await world.server.runningCalls() == 0 })
        #expect(await eventually { await world.server.heldBytes() == 0 })
      }
    }
  }

  @Test("the server keeps the deadline although the caller goes on waiting")
  func deadline() async throws {
    try await RPCWorld.run { world in
      var call = RawCall(changing: ["grpc-timeout": "50m"])
      call.body = RawCall.frame(try StringValue("sleep 60000").serialized())
      let reply = try await call.send(to: world.address, group: world.group)
      #expect(reply.code == String(StatusCode.deadlineExceeded.rawValue))
      // Head and body were sent together, so the handler began before the deadline.
      #expect(world.kitchen.seen.started == 1)
      #expect(await eventually { world.kitchen.seen.cancelled == 1 })
      // A request that never becomes whole does not outlive its deadline either.
      call.ends = false
      call.body = [0, 0]
      let half = try await call.send(to: world.address, group: world.group)
      #expect(half.code == reply.code)
      #expect(await eventually { await world.server.heldBytes() == 0 })
    }
  }

  @Test(
    "fields that are not gRPC's get an answer of HTTP",
    arguments: [
      ([":method": "GET"], "405"), ([":method": "PUT"], "405"), (["content-type": "application/json"], "415"),
      (["content-type": ""], "415"), (["content-type": "application/grpc-web"], "415"),
      (["content-type": "application/grpcx"], "415"), (["content-type": "application/grpc+json"], "415"),
      (["content-type": "application/grpc+protox"], "415"), (["content-type": "application/grpc x"], "415"),
      (["content-type": "text/plain; application/grpc"], "415"),
    ] as [([String: String], String)])
  func http(changes: [String: String], status: String) async throws {
    let reply = try await send(RawCall(changing: changes))
    #expect(reply.status == status)
    if status == "405" { #expect(reply.allow == "POST") }
  }

  @Test(
    "fields of gRPC that are wrong get a status of gRPC",
    arguments: [
      ([":path": "/test.Kitchen/Nothing"], .unimplemented), ([":path": "/"], .unimplemented),
      (["grpc-encoding": "gzip"], .unimplemented), (["grpc-timeout": "1"], .internal),
      (["grpc-timeout": "S"], .internal), (["grpc-timeout": "123456789S"], .internal),
      (["grpc-timeout": "1x"], .internal), (["grpc-timeout": "-1S"], .internal),
      (["grpc-timeout": "0n"], .deadlineExceeded),
    ] as [([String: String], StatusCode)])
  func grpc(changes: [String: String], code: StatusCode) async throws {
    let reply = try await send(RawCall(changing: changes))
    #expect(reply.status == "200")
    #expect(reply.code == String(code.rawValue))
  }

  @Test("a caller that compresses learns which encodings the server knows, others do not")
  func encodings() async throws {
    let compressed = try await send(RawCall(changing: ["grpc-encoding": "br"]))
    #expect(compressed.code == String(StatusCode.unimplemented.rawValue))
    #expect(compressed.acceptEncoding == "identity")
    let unknown = try await send(RawCall(changing: [":path": "/test.Kitchen/Nothing"]))
    #expect(unknown.acceptEncoding == nil)
  }

  @Test("a message for people that is too long is cut between two characters")
  func longMessage() async throws {
    var call = RawCall(changing: [:])
    call.body = RawCall.frame(try StringValue("fail 13 " + String(repeating: "☃", count: 228)).serialized())
    let reply = try await send(call)
    #expect(reply.code == String(StatusCode.internal.rawValue))
    #expect(reply.message == String(repeating: "%E2%98%83", count: 227))
  }

  @Test(
    "spellings that are allowed are accepted",
    arguments: [
      ["content-type": "application/grpc+proto"], ["content-type": "application/grpc;charset=utf-8"],
      ["content-type": "Application/gRPC"], ["content-type": "APPLICATION/GRPC+PROTO ; charset=UTF-8"],
      ["content-type": "application/grpc ;x=y"], ["content-type": "application/grpc+proto;"],
      ["grpc-timeout": "99999999H"], ["grpc-encoding": "identity"], ["te": ""],
      ["x-bin": "a, b"], ["x-broken-bin": "%%%"],
    ])
  func allowed(changes: [String: String]) async throws {
    let reply = try await send(RawCall(changing: changes))
    #expect(reply.code == "0")
  }

  @Test("a header list over the limit is answered with 431")
  func tooManyFields() async throws {
    let reply = try await send(RawCall(changing: ["x-large": String(repeating: "x", count: 20_000)]))
    #expect(reply.status == "431")
  }
}

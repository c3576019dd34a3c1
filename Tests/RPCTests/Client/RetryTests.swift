import HTTP2
import Protobuf
import RPC
import Reactor
import Testing

@Suite("A channel that asks again")
struct RetryTests {
  private static let rule = RetryRule(
    maximumAttempts: 3, initialBackoff: .milliseconds(5), maximumBackoff: .milliseconds(10))
  private static let whole = RawCall.frame(RawAnswer.message)

  private static func method(_ idempotency: Idempotency) -> MethodDescriptor {
    MethodDescriptor(
      service: "test.Kitchen", name: "Do", kind: .unary, idempotency: idempotency,
      retry: idempotency == .unspecified ? nil : rule)
  }

  /// What the caller gets, and `grpc-previous-rpc-attempts` of each request that the server got, when so many first ones fail.
  private func attempts(
    _ idempotency: Idempotency, failures: Int, status: HeaderFields = ["grpc-status": "14"],
    channel: ChannelConfiguration = ChannelConfiguration(), key: String? = "k-1", calls: Int = 1
  ) async throws -> (result: StatusCode, previous: [String?]) {
    let heads = ReceivedHeads()
    let result = try await RawServer.run(channel: channel, heads: heads) { stream, _, number in
      let answer =
        number < failures ? RawAnswer(trailers: status) : RawAnswer(body: Self.whole, trailers: ["grpc-status": "0"])
      // A failure without a response: the status stands in the only header block.
      if number < failures {
        var head = answer.head
        head.append(contentsOf: status)
        stream.sendHeaders(nil, head, endsStream: true)
      } else {
        answer.send(stream)
      }
    } _: { channel in
      var options = CallOptions()
      if let key { options.metadata.append(key, for: .idempotencyKey) }
      var last = StatusCode.ok
      for _ in 0..<calls {
        do throws(RPCError) {
          let _: StringValue = try await channel.unary(Self.method(idempotency), StringValue("x"), options: options)
          last = .ok
        } catch {
          last = error.code
        }
      }
      return last
    }
    return (result, heads.values(of: "grpc-previous-rpc-attempts"))
  }

  @Test(
    "what is declared safe to repeat is repeated, and says how often",
    arguments: [
      Idempotency.read, .idempotent, .keyed,
    ])
  func declared(idempotency: Idempotency) async throws {
    let (result, previous) = try await attempts(idempotency, failures: 2)
    #expect(result == .ok)
    #expect(previous == [nil, "1", "2"])
    let given = try await attempts(idempotency, failures: 100)
    #expect(given.result == .unavailable)
    #expect(given.previous == [nil, "1", "2"])
  }

  @Test("what is not declared safe to repeat is asked once")
  func undeclared() async throws {
    let (result, previous) = try await attempts(.unspecified, failures: 1)
    #expect(result == .unavailable)
    #expect(previous == [nil])
  }

  @Test("what a key makes safe to repeat is asked once without one")
  func withoutKey() async throws {
    let (result, previous) = try await attempts(.keyed, failures: 1, key: nil)
    #expect(result == .unavailable)
    #expect(previous == [nil])
  }

  @Test("other failures are not repeated")
  func otherCodes() async throws {
    for code in StatusCode.allCases where code != .ok && code != .unavailable {
      let (result, previous) = try await attempts(.read, failures: 1, status: ["grpc-status": "\(code.rawValue)"])
      #expect(result == code)
      #expect(previous == [nil])
    }
  }

  @Test("a server may forbid it")
  func forbidden() async throws {
    let status: HeaderFields = ["grpc-status": "14", "grpc-retry-pushback-ms": "-1"]
    let (result, previous) = try await attempts(.read, failures: 1, status: status)
    #expect(result == .unavailable)
    #expect(previous == [nil])
  }

  @Test("a server that is down gets no more than the budget adds to the calls")
  func amplification() async throws {
    var configuration = ChannelConfiguration()
    configuration.retryReserve = 5
    let (result, previous) = try await attempts(.read, failures: .max, channel: configuration, calls: 200)
    #expect(result == .unavailable)
    #expect((200 + 20...200 + 5 + 20).contains(previous.count), "\(previous.count) attempts for 200 calls")
  }

  @Test("a response that has begun is not asked for again")
  func begun() async throws {
    let heads = ReceivedHeads()
    let code = try await RawServer.run(heads: heads) { stream, connection, _ in
      stream.sendHeaders(nil, RawAnswer().head)
      stream.write(Self.whole)
      stream.finish(trailers: ["grpc-status": "14"])
    } _: { channel in
      await #expect(throws: RPCError.self) {
        let _: StringValue = try await channel.unary(Self.method(.read), StringValue("x"))
      }?.code
    }
    #expect(code == .unavailable)
    #expect(heads.values(of: ":path").count == 1)
  }
}

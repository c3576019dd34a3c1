import HTTP2
import Protobuf
import RPC
import Reactor
import Synchronization
import Testing

@Suite("A channel whose server is not as it should be")
struct BadServerTests {
  private func outcome(
    _ answer: RawAnswer, _ options: CallOptions = CallOptions()
  ) async throws -> Result<String, RPCError> {
    try await RawServer.run(answering: { stream, _, _ in answer.send(stream) }) { await ask($0, options) }
  }

  private func ask(_ channel: Channel, _ options: CallOptions = CallOptions()) async -> Result<String, RPCError> {
    do throws(RPCError) {
      let reply: StringValue = try await channel.unary(Kitchen.command, StringValue("x"), options: options)
      return .success(reply.value)
    } catch {
      return .failure(error)
    }
  }

  private static let whole = RawCall.frame(RawAnswer.message)

  @Test("an answer as it should be is read")
  func lawful() async throws {
    let text = try await outcome(RawAnswer(body: Self.whole, trailers: ["grpc-status": "0"]))
    #expect(try text.get() == "raw")
  }

  @Test(
    "a response that is not gRPC's is told by its HTTP status",
    arguments: [
      ("400", .internal), ("401", .unauthenticated), ("403", .permissionDenied), ("404", .unimplemented),
      ("429", .unavailable), ("431", .internal), ("500", .unknown), ("502", .unavailable),
      ("503", .unavailable),
      ("504", .unavailable), ("418", .unknown),
    ] as [(String, StatusCode)])
  func http(status: String, code: StatusCode) async throws {
    for body in [[], [UInt8]("<html>".utf8)] {
      let result = try await outcome(RawAnswer(head: [":status": status, "content-type": "text/html"], body: body))
      #expect(result.error?.code == code)
    }
  }

  @Test(
    "what gRPC says of a response counts before what HTTP says, wherever it stands",
    arguments: ["400", "401", "403", "404", "429", "431", "500", "503", "504", "418", "200"])
  func grpcStatusWins(status: String) async throws {
    let said: HeaderFields = ["grpc-status": "8", "grpc-message": "told%21"]
    let head: HeaderFields = [":status": status, "content-type": status == "200" ? "application/grpc" : "text/html"]
    var whole = head
    whole.append(contentsOf: said)
    var answers = [RawAnswer(head: whole), RawAnswer(head: head, body: [], trailers: said)]
    if status != "200" {
      answers.append(RawAnswer(head: whole, body: [UInt8]("<html>".utf8)))
      answers.append(RawAnswer(head: head, body: [UInt8]("<html>".utf8), trailers: said))
    }
    for answer in answers {
      let error = try await outcome(answer).error
      #expect(error?.code == .resourceExhausted && error?.message == "told!", "\(String(describing: error))")
    }
  }

  @Test("a body without end that is not gRPC's is not waited for")
  func endlessPage() async throws {
    let result = try await RawServer.run(answering: { stream, _, _ in
      stream.sendHeaders(nil, [":status": "503", "content-type": "text/html"])
      stream.write([UInt8](repeating: 0x20, count: 100_000))
    }) { await ask($0) }
    #expect(result.error?.code == .unavailable)
  }

  @Test("a response of another content type is no answer")
  func contentType() async throws {
    for type in ["text/html", "application/json", "application/grp"] {
      let head: HeaderFields = [":status": "200", "content-type": type, "grpc-status": "0"]
      #expect(try await outcome(RawAnswer(head: head, body: Self.whole)).error?.code == .unknown)
    }
  }

  @Test(
    "a body that is not one whole message is refused",
    arguments: [
      ("nothing", [], .unimplemented), ("a part of the prefix", [0, 0], .internal),
      ("half a message", RawCall.frame(RawAnswer.message, length: 6), .internal),
      ("the compression flag", RawCall.frame(RawAnswer.message, flag: 1), .internal),
      ("a flag that does not exist", RawCall.frame(RawAnswer.message, flag: 9), .internal),
      ("two messages", whole + whole, .unimplemented), ("a message and a bit", whole + [0], .internal),
      ("the largest length", RawCall.frame(RawAnswer.message, length: 0xFFFF_FFFF), .resourceExhausted),
      ("no protobuf", RawCall.frame([255, 255]), .internal),
    ] as [(String, [UInt8], StatusCode)])
  func body(name: String, body: [UInt8], code: StatusCode) async throws {
    let result = try await outcome(RawAnswer(body: body, trailers: ["grpc-status": "0"]))
    #expect(result.error?.code == code, "\(name): \(result)")
  }

  @Test(
    "a status that is no number gRPC knows is unknown, a missing one too",
    arguments: [nil, "", "17", "-1", "4294967296", "OK", "0x0"] as [String?])
  func status(text: String?) async throws {
    let trailers: HeaderFields = text.map { ["grpc-status": $0] } ?? ["x-other": "1"]
    #expect(try await outcome(RawAnswer(body: Self.whole, trailers: trailers)).error?.code == .unknown)
    var head = RawAnswer().head
    head.append(contentsOf: trailers)
    #expect(try await outcome(RawAnswer(head: head)).error?.code == .unknown)
  }

  @Test(
    "a message of a status is read whatever it holds",
    arguments: [
      ("%41%zz%4", "A%zz%4"), ("%C3%BC", "ü"), ("%C3", "\u{FFFD}"), ("100%", "100%"), ("a b", "a b"), ("%25", "%"),
    ])
  func message(encoded: String, text: String) async throws {
    let result = try await outcome(RawAnswer(trailers: ["grpc-status": "9", "grpc-message": encoded]))
    #expect(result.error?.message == text)
  }

  @Test(
    "a reset stream is told by its code",
    arguments: [
      (.cancel, .cancelled), (.refusedStream, .unavailable), (.enhanceYourCalm, .resourceExhausted),
      (.inadequateSecurity, .permissionDenied), (.internalError, .internal), (.noError, .internal),
      (.flowControlError, .internal),
    ] as [(HTTP2ErrorCode, StatusCode)])
  func reset(code: HTTP2ErrorCode, status: StatusCode) async throws {
    let result = try await RawServer.run(answering: { stream, _, _ in stream.reset(code) }) { await ask($0) }
    #expect(result.error?.code == status)
  }

  @Test("a call the server refused unseen is sent again, a few times")
  func refused() async throws {
    let seen = Mutex(0)
    let result = try await RawServer.run(answering: { stream, _, number in
      seen.withLock { $0 += 1 }
      if number < 2 {
        stream.reset(.refusedStream)
      } else {
        RawAnswer(body: Self.whole, trailers: ["grpc-status": "0"]).send(stream)
      }
    }) { await ask($0) }
    #expect(try result.get() == "raw")
    #expect(seen.withLock { $0 } == 3)
  }

  @Test("a connection that breaks in the middle of a call makes it unavailable, the next call gets another one")
  func broken() async throws {
    try await RawServer.run(answering: { stream, connection, number in
      if number == 0 {
        stream.sendHeaders(nil, RawAnswer().head)
        stream.write(Self.whole)
        connection.loop.execute { [bound = LoopBound(connection, loop: connection.loop)] in bound.value.close() }
      } else {
        RawAnswer(body: Self.whole, trailers: ["grpc-status": "0"]).send(stream)
      }
    }) { channel async throws in
      #expect(await ask(channel).error?.code == .unavailable)
      let patient = await ask(channel, CallOptions(waitsForReady: true))
      #expect(try patient.get() == "raw")
    }
  }

  @Test("a list of trailers over the limit ends the call with RESOURCE_EXHAUSTED")
  func longTrailers() async throws {
    var head = RawAnswer().head
    head.append("x-long", String(repeating: "x", count: 20_000))
    #expect(try await outcome(RawAnswer(head: head, body: Self.whole)).error?.code == .resourceExhausted)
    let trailers: HeaderFields = ["grpc-status": "0", "x-long": String(repeating: "x", count: 20_000)]
    #expect(try await outcome(RawAnswer(body: Self.whole, trailers: trailers)).error?.code == .resourceExhausted)
  }

  @Test("metadata longer than any server takes fails the call and nothing else")
  func longMetadata() async throws {
    try await RPCWorld.run { world in
      for count in [20_000, 60_000, 100_000] {
        var metadata = Metadata()
        metadata.append(String(repeating: "m", count: count), for: "x-long")
        let error = await world.failure("x", options: CallOptions(metadata: metadata))
        // Our server answers 431; what no HTTP/2 engine would send does not leave the client.
        let expected = count > 60_000 ? StatusCode.resourceExhausted : .internal
        #expect(error?.code == expected, "\(count): \(String(describing: error))")
      }
      #expect(await world.outcome("still") == "still!")
    }
  }

  @Test("the deadline is kept even if the server says nothing")
  func silence() async throws {
    let result = try await RawServer.run(answering: { _, _, _ in }) { channel in
      await ask(channel, CallOptions(deadline: .after(.milliseconds(50))))
    }
    #expect(result.error?.code == .deadlineExceeded)
  }
}

extension Result where Failure == RPCError {
  fileprivate var error: RPCError? {
    if case .failure(let error) = self { error } else { nil }
  }
}

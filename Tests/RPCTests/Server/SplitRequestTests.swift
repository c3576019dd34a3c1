import HTTP2
import Protobuf
import RPC
import Reactor
import TestSupport
import Testing

/// The frames of a request handed to the server in two reads that meet at each place there is.
@Suite("Requests split between reads")
struct SplitRequestTests {
  struct Request: Sendable, CustomTestStringConvertible {
    let method: MethodDescriptor
    let messages: [[UInt8]]
    let answers: [[UInt8]]
    var testDescription: String { method.name }
  }

  static let requests: [Request] = {
    func text(_ value: String) -> [UInt8] { [10, UInt8(value.utf8.count)] + Array(value.utf8) }
    return [
      Request(method: Kitchen.command, messages: [text("split")], answers: [text("split!")]),
      Request(method: Kitchen.echo, messages: [text("split")], answers: [text("split"), text("split")]),
      Request(method: Kitchen.sum, messages: [[8, 3], [8, 4], []], answers: [[8, 7]]),
      Request(method: Kitchen.chat, messages: [text("a"), text("bc")], answers: [text("a?"), text("bc?")]),
    ]
  }()

  @Test("are answered the same wherever the reads meet", arguments: requests, FrameShape.allCases)
  func split(request: Request, shape: FrameShape) async throws {
    try await run(request, shape, trailers: nil)
  }

  @Test("with trailers are answered the same wherever the reads meet", arguments: requests)
  func splitWithTrailers(request: Request) async throws {
    try await run(request, .asSent, trailers: HeaderFields(["x-trailer": "t"]))
  }

  @Test("are answered the same while interceptors wait", arguments: requests, [FrameShape.asSent, .cut])
  func waiting(request: Request, shape: FrameShape) async throws {
    var configuration = ServerConfiguration()
    configuration.interceptors = [Delay(), Delay()]
    try await run(request, shape, trailers: nil, configuration)
  }

  private func run(
    _ request: Request, _ shape: FrameShape, trailers: HeaderFields?,
    _ configuration: ServerConfiguration = ServerConfiguration()
  ) async throws {
    let group = try EventLoopGroup(count: 1)
    defer { group.stop() }
    let loop = group.loops[0]
    try await Task(executorPreference: loop) {
      var place = 0
      var end = 1
      while place < end {
        let call = try SessionCall(request.method, request.messages, trailers: trailers)
        let sent = HTTP2Frame.parse(Array(call.output().dropFirst(HTTP2Frame.preface.count)))
        let bytes = HTTP2Frame.preface + shape.apply(to: sent).flatMap(\.bytes)
        end = bytes.count
        let server = try SessionServer([Kitchen()], configuration: configuration, on: loop)
        try server.receive(Array(bytes[..<place]))
        if !configuration.interceptors.isEmpty { await Task.yield() }
        try server.receive(Array(bytes[place...]))
        try await call.exchange(with: server)
        #expect(call.status == "0", "split at \(place) of \(end): \(call.statusMessage ?? "no message")")
        #expect(call.body == request.answers.flatMap { RawCall.frame($0) }, "split at \(place) of \(end)")
        #expect(call.closed == .noError, "split at \(place) of \(end)")
        server.close()
        #expect(server.runningCalls == 0)
        #expect(server.heldBytes == 0)
        place += 1
      }
    }.value
  }
}

/// Lets other work of the loop go before it a few times.
private struct Delay: WaitingServerInterceptor {
  func wait(for call: ServerCall) async throws(RPCError) {
    for _ in 0..<3 { await Task.yield() }
  }
}

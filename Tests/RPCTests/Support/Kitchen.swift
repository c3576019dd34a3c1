import Protobuf
import RPC
import Reactor
import Synchronization

/// A service of all four kinds on well-known types, so that peers need no generated code. `Do` obeys the text it gets.
final class Kitchen: Service {
  static let command = MethodDescriptor(service: "test.Kitchen", name: "Do", kind: .unary)
  static let count = MethodDescriptor(service: "test.Kitchen", name: "Count", kind: .serverStreaming)
  static let echo = MethodDescriptor(service: "test.Kitchen", name: "Echo", kind: .serverStreaming)
  static let sum = MethodDescriptor(service: "test.Kitchen", name: "Sum", kind: .clientStreaming)
  static let chat = MethodDescriptor(service: "test.Kitchen", name: "Chat", kind: .bidirectional)

  /// Reads nothing and answers nothing until it is cancelled.
  static let stuck = MethodDescriptor(service: "test.Kitchen", name: "Stuck", kind: .clientStreaming)

  private let state = Mutex(State())

  struct State {
    var started = 0
    var cancelled = 0
    var sent = 0
  }

  /// Calls of `sleep` that began, those that were cancelled, messages `Count` sent.
  var seen: State { state.withLock { $0 } }

  var methods: [ServerMethod] {
    [
      .unary(Self.command, obey), .serverStreaming(Self.count, count), .serverStreaming(Self.echo, echo),
      .clientStreaming(Self.sum, sum), .bidirectional(Self.chat, chat),
      .clientStreaming(Self.stuck, stuck),
    ]
  }

  private func obey(_ request: StringValue, _ call: ServerCall) async throws(RPCError) -> StringValue {
    let words = request.value.split(separator: " ", maxSplits: 2).map(String.init)
    switch words.first {
    case "fail":
      throw RPCError(
        StatusCode(rawValue: Int(words[1]) ?? 2) ?? .unknown, words.count > 2 ? words[2] : "",
        metadata: ["x-failed": "yes"])
    case "metadata":
      call.responseMetadata = ["x-head": "head"]
      call.trailingMetadata = ["x-tail": "tail"]
      call.trailingMetadata.append([0, 1, 255], for: "x-tail-bin")
      let bytes = call.metadata.bytes("x-bytes-bin").map { "\($0)" } ?? "none"
      return StringValue("\(call.metadata["x-text"] ?? "none") \(bytes)")
    case "names": return StringValue(call.metadata.map(\.name).joined(separator: " "))
    case "deadline":
      return StringValue(call.deadline.remaining.map { "\($0 / .milliseconds(1))" } ?? "never")
    case "large": return StringValue(String(repeating: "l", count: Int(words[1]) ?? 0))
    case "size": return StringValue("\(request.value.utf8.count)")
    case "sleep":
      state.withLock { $0.started += 1 }
      do {
        try await EventLoop.current?.sleep(for: .milliseconds(Int(words[1]) ?? 0))
      } catch {
        state.withLock { $0.cancelled += 1 }
        throw .cancelled()
      }
      return StringValue("slept")
    default: return StringValue(request.value + "!")
    }
  }

  private func count(
    _ request: Int64Value, _ writer: MessageWriter<StringValue>, _ call: ServerCall
  ) async throws(RPCError) {
    for number in 0..<request.value {
      try await writer.send(StringValue("\(number) " + String(repeating: "c", count: 1000)))
      state.withLock { $0.sent += 1 }
    }
    if request.value == 13 { throw .outOfRange("thirteen") }
  }

  private func echo(
    _ request: StringValue, _ writer: MessageWriter<StringValue>, _ call: ServerCall
  ) async throws(RPCError) {
    for _ in 0..<2 { try await writer.send(request) }
  }

  private func sum(_ reader: MessageReader<Int64Value>, _ call: ServerCall) async throws(RPCError) -> Int64Value {
    var sum: Int64 = 0
    while let value = try await reader.next() { sum += value.value }
    return Int64Value(sum)
  }

  private func stuck(_ reader: MessageReader<Int64Value>, _ call: ServerCall) async throws(RPCError) -> Int64Value {
    try? await EventLoop.current?.sleep(for: .seconds(3600))
    throw .cancelled()
  }

  private func chat(
    _ reader: MessageReader<StringValue>, _ writer: MessageWriter<StringValue>, _ call: ServerCall
  ) async throws(RPCError) {
    while let line = try await reader.next() {
      if line.value == "stop" { throw .aborted("stopped") }
      try await writer.send(StringValue(line.value + "?"))
    }
    call.trailingMetadata = ["x-end": "bye"]
  }
}

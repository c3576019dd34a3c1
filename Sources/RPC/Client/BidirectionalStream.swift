public import Protobuf
internal import Reactor

/// A call that streams messages both ways.
public struct BidirectionalStream<Request: Message, Response: Message>: Sendable {
  public let requests: MessageWriter<Request>
  public let responses: MessageReader<Response>
  private let call: LoopBound<StreamingCall>

  init(_ opened: OpenedStream) {
    call = opened.call
    requests = MessageWriter(sink: opened.sink)
    responses = MessageReader(source: opened.source)
  }

  /// Says that the last request was sent.
  public func finish() async {
    let call = call
    await Task(executorPreference: call.loop) { call.value.finishSending() }.value
  }

  /// Ends the call from this side.
  public func cancel() async {
    let call = call
    await Task(executorPreference: call.loop) { call.value.abort(.cancelled()) }.value
  }
}

/// A call whose request is a stream of messages.
public struct ClientStream<Request: Message, Response: Message>: Sendable {
  public let requests: MessageWriter<Request>
  private let stream: BidirectionalStream<Request, Response>

  init(_ opened: OpenedStream) {
    stream = BidirectionalStream(opened)
    requests = stream.requests
  }

  /// Says that the last request was sent and waits for the response.
  public func finish() async throws(RPCError) -> Response {
    await stream.finish()
    guard let response = try await stream.responses.next() else {
      throw .unimplemented("the response has no message although its status is OK")
    }
    guard try await stream.responses.next() == nil else {
      throw .unimplemented("the response has more than one message")
    }
    return response
  }

  /// Ends the call from this side.
  public func cancel() async {
    await stream.cancel()
  }
}

/// The ends of a streaming call that has been opened, each good on the call's loop.
struct OpenedStream: Sendable {
  let call: LoopBound<StreamingCall>
  let source: LoopBound<MessageSource>
  let sink: LoopBound<any MessageSink>
}

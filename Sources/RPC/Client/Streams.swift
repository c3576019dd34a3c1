public import Protobuf
internal import Reactor

/// A call that streams messages both ways, for as long as the scope that it was lent to.
public struct BidirectionalStream<Request: Message, Response: Message>: Sendable {
  public let requests: MessageWriter<Request>
  public let responses: MessageReader<Response>
  private let call: StreamingCall

  init(_ call: StreamingCall) {
    self.call = call
    let loop = call.channel.loop
    requests = MessageWriter(sink: LoopBound(call, loop: loop))
    responses = MessageReader(source: LoopBound(call, loop: loop), part: .response)
  }

  /// Says that the last request was sent.
  public func finish() {
    call.onLoop { $0.finishSending() }
  }

  /// Ends the call from this side.
  public func cancel() {
    call.onLoop { $0.abort(.cancelled()) }
  }
}

/// A call whose request is a stream of messages, for as long as the scope that it was lent to.
public struct ClientStream<Request: Message, Response: Message>: Sendable {
  public let requests: MessageWriter<Request>
  private let stream: BidirectionalStream<Request, Response>

  init(_ call: StreamingCall) {
    stream = BidirectionalStream(call)
    requests = stream.requests
  }

  /// Says that the last request was sent and waits for the response.
  public func finish() async throws(RPCError) -> Response {
    stream.finish()
    guard let response = try await stream.responses.next() else { throw MessageRules.missing(.response) }
    guard try await stream.responses.next() == nil else { throw MessageRules.several(.response) }
    return response
  }

  /// Ends the call from this side.
  public func cancel() {
    stream.cancel()
  }
}

/// Calls that stream. Each lends its stream to a closure and ends with it: a stream that is still open then is reset, and so is one whose
/// task is cancelled, even while it waits in `next`, `send` or `finish`.
///
/// Opening waits for nothing and does not fail: what goes wrong is told by the first `next`, `send` or `finish`. These functions throw
/// what the closure throws.
extension Channel {
  /// A call that streams messages both ways.
  public func bidirectional<Request: Message, Response: Message, Value, Failure: Error>(
    _ method: MethodDescriptor, options: CallOptions = CallOptions(),
    _ body: (BidirectionalStream<Request, Response>) async throws(Failure) -> Value
  ) async throws(Failure) -> Value {
    try await withStream(method, options) { call throws(Failure) in try await body(BidirectionalStream(call)) }
  }

  /// A call whose request is a stream of messages: `ClientStream.finish` gives the response.
  public func clientStreaming<Request: Message, Response: Message, Value, Failure: Error>(
    _ method: MethodDescriptor, options: CallOptions = CallOptions(),
    _ body: (ClientStream<Request, Response>) async throws(Failure) -> Value
  ) async throws(Failure) -> Value {
    try await withStream(method, options) { call throws(Failure) in try await body(ClientStream(call)) }
  }

  /// A call whose response is a stream of messages.
  public func serverStreaming<Request: Message, Response: Message, Value, Failure: Error>(
    _ method: MethodDescriptor, _ request: Request, options: CallOptions = CallOptions(),
    _ body: (MessageReader<Response>) async throws(Failure) -> Value
  ) async throws(Failure) -> Value {
    let message: Result<[UInt8], RPCError>
    do throws(RPCError) { message = .success(try OutgoingMessage.encode(request)) } catch { message = .failure(error) }
    return try await withStream(method, options, only: message) { call throws(Failure) in
      try await body(MessageReader(source: LoopBound(call, loop: call.channel.loop), part: .response))
    }
  }

  private func withStream<Value, Failure: Error>(
    _ method: MethodDescriptor, _ options: CallOptions, only message: Result<[UInt8], RPCError>? = nil,
    _ body: (StreamingCall) async throws(Failure) -> Value
  ) async throws(Failure) -> Value {
    var options = options
    var refusal: RPCError?
    var interception: Interception?
    if !configuration.interceptors.isEmpty {
      var beginning = Interception(configuration.interceptors, method, options)
      do throws(RPCError) { try await beginning.begin() } catch { refusal = error }
      options = beginning.call.options
      interception = beginning
    }
    let call = StreamingCall(
      channel: loopChannel, method: method, options: options, deadline: Self.deadline(method, options))
    call.onLoop { [refusal] call in
      do throws(RPCError) {
        if let refusal { throw refusal }
        call.start(only: try message?.get())
      } catch {
        call.abort(error)
      }
    }
    let result: Result<Value, Failure> = await withTaskCancellationHandler {
      do throws(Failure) {
        return .success(try await body(call))
      } catch {
        return .failure(error)
      }
    } onCancel: {
      call.channel.loop.execute { call.abort(.cancelled()) }
    }
    if interception == nil {
      call.onLoop { $0.leave() }
    } else {
      let status = await withUnsafeContinuation { continuation in
        call.onLoop { continuation.resume(returning: $0.leave()) }
      }
      interception?.end(status)
    }
    return try result.get()
  }
}

extension StreamingCall {
  /// Does something with the call on its loop: at once when the caller is there, else as soon as the loop can.
  func onLoop(_ body: @escaping @Sendable (StreamingCall) -> Void) {
    let loop = channel.loop
    if loop.isCurrent { body(self) } else { loop.execute { body(self) } }
  }
}

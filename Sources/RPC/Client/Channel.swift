public import Protobuf
public import Reactor

/// Makes calls to a server: one connection on each loop, made when it is first needed and again when it is lost.
public final class Channel: Sendable {
  private let group: EventLoopGroup
  private let lanes: [LoopBound<ChannelLane>]

  /// - Parameter target: addresses of the same server, tried in order.
  public init(
    target: [SocketAddress], configuration: ChannelConfiguration = ChannelConfiguration(), group: EventLoopGroup
  ) {
    precondition(!target.isEmpty, "a channel needs an address")
    self.group = group
    lanes = group.loops.map { loop in
      LoopBound(ChannelLane(loop: loop, target: target, configuration: configuration), loop: loop)
    }
  }

  /// The caller's own loop when it is one of ours: the call then never leaves the thread.
  private var lane: LoopBound<ChannelLane> {
    let loop = EventLoop.current ?? group.next()
    return lanes.first { $0.loop === loop } ?? lanes[0]
  }

  /// Makes a unary call.
  /// - Throws: `RPCError` with the server's status, or our own when it cannot be reached, the deadline passes or the task is cancelled.
  public func unary<Request: Message, Response: Message>(
    _ method: MethodDescriptor, _ request: Request, options: CallOptions = CallOptions()
  ) async throws(RPCError) -> Response {
    let reply = try await send(method.path, try OutgoingMessage.encode(request), options)
    do throws(ProtobufError) {
      return try Response(serialized: reply.message)
    } catch {
      throw .internal("the response is not valid: \(error)")
    }
  }

  /// Makes a unary call with a message that is serialized already, as the edge and tools do.
  public func unaryBytes(
    path: String, message: [UInt8], options: CallOptions = CallOptions()
  ) async throws(RPCError) -> UnaryReply {
    try await send(path, OutgoingMessage.frame(message), options)
  }

  private func send(_ path: String, _ framed: [UInt8], _ options: CallOptions) async throws(RPCError) -> UnaryReply {
    let lane = lane
    let cancellation = CallCancellation(loop: lane.loop)
    let result = await withTaskCancellationHandler {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Result<UnaryReply, RPCError>, Never>) in
        if lane.loop.isCurrent {
          lane.value.unary(path, framed, options, cancellation) { continuation.resume(returning: $0) }
        } else {
          lane.loop.execute {
            lane.value.unary(path, framed, options, cancellation) { continuation.resume(returning: $0) }
          }
        }
      }
    } onCancel: {
      cancellation.cancel()
    }
    return try result.get()
  }

  /// Begins a call that streams messages both ways.
  public func bidirectional<Request: Message, Response: Message>(
    _ method: MethodDescriptor, options: CallOptions = CallOptions()
  ) async throws(RPCError) -> BidirectionalStream<Request, Response> {
    let call = try await open(method.path, options)
    return BidirectionalStream(call)
  }

  /// Begins a call whose request is a stream of messages.
  public func clientStreaming<Request: Message, Response: Message>(
    _ method: MethodDescriptor, options: CallOptions = CallOptions()
  ) async throws(RPCError) -> ClientStream<Request, Response> {
    let call = try await open(method.path, options)
    return ClientStream(call)
  }

  /// Makes a call whose response is a stream of messages.
  public func serverStreaming<Request: Message, Response: Message>(
    _ method: MethodDescriptor, _ request: Request, options: CallOptions = CallOptions()
  ) async throws(RPCError) -> MessageReader<Response> {
    let stream: BidirectionalStream<Request, Response> = try await bidirectional(method, options: options)
    try await stream.requests.send(request)
    await stream.finish()
    return stream.responses
  }

  private func open(_ path: String, _ options: CallOptions) async throws(RPCError) -> OpenedStream {
    let lane = lane
    let cancellation = CallCancellation(loop: lane.loop)
    let result = await withTaskCancellationHandler {
      await withUnsafeContinuation {
        (continuation: UnsafeContinuation<Result<OpenedStream, RPCError>, Never>) in
        if lane.loop.isCurrent {
          lane.value.open(path, options, cancellation) { continuation.resume(returning: $0) }
        } else {
          lane.loop.execute {
            lane.value.open(path, options, cancellation) { continuation.resume(returning: $0) }
          }
        }
      }
    } onCancel: {
      cancellation.cancel()
    }
    return try result.get()
  }

  /// Ends in order: running calls finish, new ones fail.
  public func close() async {
    for lane in lanes { await Task(executorPreference: lane.loop) { lane.value.close() }.value }
  }
}

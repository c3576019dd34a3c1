public import Protobuf

/// What a server serves: the generated protocol of each service inherits this.
public protocol Service: Sendable {
  var methods: [ServerMethod] { get }
}

/// A method and its handler.
public struct ServerMethod: Sendable {
  public let descriptor: MethodDescriptor
  /// Runs on the loop: for a unary or server-streaming method when the request has arrived, for the others when its head has.
  let start: @Sendable (ServerStream) -> Void

  public static func unary<Request: Message, Response: Message>(
    _ descriptor: MethodDescriptor,
    _ handler: @escaping @Sendable (Request, ServerCall) async throws(RPCError) -> Response
  ) -> ServerMethod {
    ServerMethod(descriptor: descriptor) { stream in
      guard let request = stream.onlyRequest(Request.self) else { return }
      // Begins before this returns and goes on on this loop; most handlers' first steps need no hop at all.
      stream.running(
        Task.immediate(executorPreference: stream.loop) {
          do throws(RPCError) {
            let response = try await handler(request, stream.call)
            try stream.sendOnly(response)
          } catch {
            stream.fail(error)
          }
        })
    }
  }

  public static func serverStreaming<Request: Message, Response: Message>(
    _ descriptor: MethodDescriptor,
    _ handler: @escaping @Sendable (Request, MessageWriter<Response>, ServerCall) async throws(RPCError) -> Void
  ) -> ServerMethod {
    ServerMethod(descriptor: descriptor) { stream in
      guard let request = stream.onlyRequest(Request.self) else { return }
      stream.run { call throws(RPCError) in
        try await handler(request, MessageWriter(sink: stream.sink), call)
        stream.finishSuccessfully()
      }
    }
  }

  public static func clientStreaming<Request: Message, Response: Message>(
    _ descriptor: MethodDescriptor,
    _ handler: @escaping @Sendable (MessageReader<Request>, ServerCall) async throws(RPCError) -> Response
  ) -> ServerMethod {
    ServerMethod(descriptor: descriptor) { stream in
      stream.run { call throws(RPCError) in
        let response = try await handler(MessageReader(source: stream.source), call)
        try stream.sendOnly(response)
      }
    }
  }

  public static func bidirectional<Request: Message, Response: Message>(
    _ descriptor: MethodDescriptor,
    _ handler:
      @escaping @Sendable (MessageReader<Request>, MessageWriter<Response>, ServerCall) async throws(RPCError) -> Void
  ) -> ServerMethod {
    ServerMethod(descriptor: descriptor) { stream in
      stream.run { call throws(RPCError) in
        try await handler(MessageReader(source: stream.source), MessageWriter(sink: stream.sink), call)
        stream.finishSuccessfully()
      }
    }
  }
}

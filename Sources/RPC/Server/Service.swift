public import Protobuf

/// What a server serves: the generated protocol of each service inherits this.
public protocol Service: Sendable {
  var methods: [ServerMethod] { get }
}

/// A method and its handler.
public struct ServerMethod: Sendable {
  public let descriptor: MethodDescriptor
  let handler: Handler
  /// Whether it is served however many handlers run: for the server's own methods, which answer at once and wait for nothing but requests.
  private(set) var isAlwaysServed = false

  enum Handler: Sendable {
    /// Runs on the loop when the request has arrived.
    case unary(UnaryHandler)
    /// Runs on the loop: for a server-streaming method when the request has arrived, for the others when its head has.
    case streaming(@Sendable (ServerStream) -> Void)
  }

  /// Decodes a request and hands what is to be done with it to the exchange.
  @usableFromInline typealias UnaryHandler =
    @Sendable (_ message: UnsafeRawBufferPointer, _ exchange: UnaryExchange) throws(RPCError) -> Void

  @usableFromInline
  init(descriptor: MethodDescriptor, unary: @escaping UnaryHandler) {
    self.descriptor = descriptor
    handler = .unary(unary)
  }

  private init(descriptor: MethodDescriptor, streaming: @escaping @Sendable (ServerStream) -> Void) {
    self.descriptor = descriptor
    handler = .streaming(streaming)
  }

  /// The method as one that is served however many handlers run.
  func alwaysServed() -> ServerMethod {
    var method = self
    method.isAlwaysServed = true
    return method
  }

  // Inlinable, so that generated code has it for its own types: through witness tables a call takes a tenth longer.
  @inlinable
  @inline(__always)
  public static func unary<Request: Message, Response: Message>(
    _ descriptor: MethodDescriptor,
    _ handler: @escaping @Sendable (Request, ServerCall) async throws(RPCError) -> Response
  ) -> ServerMethod {
    ServerMethod(descriptor: descriptor) { (message, exchange) throws(RPCError) in
      let request: Request
      do throws(ProtobufError) {
        request = try Request(serialized: message, arena: exchange.arena, limits: exchange.decodingLimits)
      } catch {
        throw MessageRules.unreadable(.request, error)
      }
      try request.refuseViolations()
      exchange.run {
        do throws(RPCError) {
          let response = try await handler(request, exchange.call)
          exchange.finish(try OutgoingMessage.encode(response, arena: exchange.arena))
        } catch {
          exchange.finish(error)
        }
      }
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
        let response = try await handler(MessageReader(source: stream.source, part: .request), call)
        stream.sendOnly(try OutgoingMessage.encode(response, arena: stream.arena))
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
        try await handler(MessageReader(source: stream.source, part: .request), MessageWriter(sink: stream.sink), call)
        stream.finishSuccessfully()
      }
    }
  }
}

public import Protobuf
public import Reactor

/// Makes calls to a service: connections to its addresses on each loop, made when they are first needed and again when they are lost.
///
/// A call goes over the caller's own loop when that is one of the group's, and then never leaves the thread. While there is no connection, or
/// the server allows no more streams, calls wait in the channel, in order and bounded by `ChannelConfiguration.maximumCalls`. What a server
/// has not looked at is sent again; what it may have looked at only where the method's `RetryRule` says so.
///
/// A channel that is released ends like one that is closed.
public final class Channel: Sendable {
  let configuration: ChannelConfiguration
  private let group: EventLoopGroup
  private let loops: [LoopChannel]

  /// Look-ups of all channels that are given no resolver of their own.
  private static let names = NameResolver(pool: BlockingPool(threads: 2, queueLimit: 256))

  public init(
    _ target: ChannelTarget, configuration: ChannelConfiguration = ChannelConfiguration(), group: EventLoopGroup
  ) {
    if case .addresses(let addresses) = target { precondition(!addresses.isEmpty, "a channel needs an address") }
    self.configuration = configuration
    self.group = group
    loops = group.loops.map { loop in
      LoopChannel(
        loop: loop, target: target, configuration: configuration, names: configuration.nameResolver ?? Self.names)
    }
  }

  /// - Parameter target: addresses of the same service.
  public convenience init(
    target: [SocketAddress], configuration: ChannelConfiguration = ChannelConfiguration(), group: EventLoopGroup
  ) {
    self.init(.addresses(target), configuration: configuration, group: group)
  }

  deinit {
    for channel in loops { channel.loop.execute { channel.close() } }
  }

  /// That of the caller's own loop when it is one of ours.
  var loopChannel: LoopChannel {
    let loop = EventLoop.current ?? group.next()
    return loops.first { $0.loop === loop } ?? loops[0]
  }

  /// When the call of a method gives up.
  static func deadline(_ method: MethodDescriptor, _ options: CallOptions) -> Deadline {
    options.deadline ?? method.timeout.map { .after($0) } ?? .never
  }

  /// Makes a unary call.
  /// - Throws: `RPCError` with the server's status, or our own when it cannot be reached, the deadline passes or the task is cancelled.
  public func unary<Request: Message, Response: Message>(
    _ method: MethodDescriptor, _ request: Request, options: CallOptions = CallOptions()
  ) async throws(RPCError) -> Response {
    let channel = loopChannel
    let message =
      channel.loop.isCurrent
      ? try OutgoingMessage.encode(request, arena: channel.arena) : try OutgoingMessage.encode(request)
    let reply = try await send(method, message, options, over: channel)
    do throws(ProtobufError) {
      return try Response(serialized: reply.message)
    } catch {
      throw .internal("the response is not valid: \(error)")
    }
  }

  /// Makes a unary call with a message that is serialized already, as the edge does.
  public func unaryBytes(
    _ method: MethodDescriptor, message: [UInt8], options: CallOptions = CallOptions()
  ) async throws(RPCError) -> UnaryReply {
    try await send(method, OutgoingMessage.frame(message), options, over: loopChannel)
  }

  /// The same for tools that know the method by its path only: it is not retried.
  public func unaryBytes(
    path: String, message: [UInt8], options: CallOptions = CallOptions()
  ) async throws(RPCError) -> UnaryReply {
    try await send(MethodDescriptor(path: path), OutgoingMessage.frame(message), options, over: loopChannel)
  }

  private func send(
    _ method: MethodDescriptor, _ request: [UInt8], _ options: CallOptions, over channel: LoopChannel
  ) async throws(RPCError) -> UnaryReply {
    guard !configuration.interceptors.isEmpty else {
      return try await exchange(method, request, options, over: channel)
    }
    var interception = Interception(configuration.interceptors, method, options)
    do throws(RPCError) {
      try await interception.begin()
      let reply = try await exchange(method, request, interception.call.options, over: channel)
      interception.end(.ok)
      return reply
    } catch {
      interception.end(error.code)
      throw error
    }
  }

  private func exchange(
    _ method: MethodDescriptor, _ request: [UInt8], _ options: CallOptions, over channel: LoopChannel
  ) async throws(RPCError) -> UnaryReply {
    let loop = channel.loop
    let call = UnaryCall(
      channel: channel, method: method, request: request, options: options, deadline: Self.deadline(method, options))
    let result = await withTaskCancellationHandler {
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Result<UnaryReply, RPCError>, Never>) in
        if loop.isCurrent {
          call.start(continuation)
        } else {
          loop.execute { call.start(continuation) }
        }
      }
    } onCancel: {
      loop.execute { call.abort(.cancelled()) }
    }
    return try result.get()
  }

  /// Ends in order: running calls finish, those that wait for a connection and new ones fail.
  public func close() async {
    for channel in loops { await Task(executorPreference: channel.loop) { channel.close() }.value }
  }
}

/// A call on its way through a channel's interceptors.
struct Interception {
  var call: OutgoingCall
  private let interceptors: [any ClientInterceptor]
  private var begun = 0
  private let start = Instant.now()

  init(_ interceptors: [any ClientInterceptor], _ method: MethodDescriptor, _ options: CallOptions) {
    self.interceptors = interceptors
    call = OutgoingCall(method, options)
  }

  mutating func begin() async throws(RPCError) {
    for interceptor in interceptors {
      begun += 1
      try await interceptor.begin(&call)
    }
  }

  /// Tells those that were asked.
  mutating func end(_ status: StatusCode) {
    let elapsed = start.duration(to: .now())
    while begun > 0 {
      begun -= 1
      interceptors[begun].end(call, status: status, elapsed: elapsed)
    }
  }
}

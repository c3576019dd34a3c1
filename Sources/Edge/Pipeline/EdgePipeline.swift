internal import RPC
internal import Reactor
internal import Schema
internal import ServiceKit

/// What happens to a request, in this order: id, route, caller, tenant, body, call, envelope; then the log line and the numbers. One a
/// loop.
final class EdgePipeline: RequestHandler {
  private let context: EdgeContext
  private let loop: EventLoop
  private let authenticator: Authenticator
  private let log: AccessLog
  private var identifiers = RequestIDSource()
  private var clock = WallClock()

  init(context: EdgeContext, loop: EventLoop, logDescriptor: Int32) {
    self.context = context
    self.loop = loop
    log = AccessLog(loop: loop, descriptor: logDescriptor)
    authenticator = Authenticator(
      tokens: context.tokens, signer: context.signer, auth: context.auth, loop: loop,
      configuration: context.configuration)
    context.memories.add(authenticator, on: loop)
  }

  func answer(_ request: HTTPRequest, from peer: SocketAddress) async -> HTTPResponse {
    let start = Instant.now()
    clock.update()
    var record = AccessRecord()
    record.requestID = identifiers.id(for: request.head)
    record.method = request.head.method
    var response: HTTPResponse
    var numbers = context.metrics.unrouted
    do throws(ErrorAnswer) {
      response = try await serve(request, from: peer, &record, &numbers)
    } catch {
      record.errorCode = error.code
      clock.update()
      response = Envelope.response(error, timestamp: clock.timestamp, requestID: record.requestID)
    }
    context.policy.decorate(&response, for: request.head)
    finish(&record, response, numbers, since: start)
    return response
  }

  func answer(_ rejection: HTTPRejection, from peer: SocketAddress) -> HTTPResponse {
    let start = Instant.now()
    clock.update()
    var record = AccessRecord()
    record.requestID = identifiers.next()
    record.method = .other
    record.errorCode = rejection.code
    let response = Envelope.response(
      ErrorAnswer(rejection), timestamp: clock.timestamp, requestID: record.requestID)
    finish(&record, response, context.metrics.unrouted, since: start)
    return response
  }

  private func finish(
    _ record: inout AccessRecord, _ response: HTTPResponse, _ numbers: EdgeMetrics.Route, since start: Instant
  ) {
    record.status = response.status
    record.responseBytes = response.body.count
    record.duration = start.duration(to: .now())
    numbers.record(status: response.status, nanoseconds: record.duration.nanosecondsSaturated)
    if context.configuration.logsRequests { log.write(record, timestamp: clock.timestamp) }
  }

  private func serve(
    _ request: HTTPRequest, from peer: SocketAddress, _ record: inout AccessRecord, _ numbers: inout EdgeMetrics.Route
  ) async throws(ErrorAnswer) -> HTTPResponse {
    if let page = try OpenPages.answer(request.head, timestamp: clock.timestamp, requestID: record.requestID) {
      return page
    }
    switch context.table.match(request.head) {
    case .notFound: throw .notFound
    case .methodNotAllowed(let methods):
      guard request.head.method == .options else { throw .methodNotAllowed(methods) }
      return context.policy.preflight(request.head, methods: methods, requestID: record.requestID)
    case .found(let index, let variables):
      let route = context.routes[index]
      record.route = route.template
      numbers = context.metrics.routes[index]
      return try await call(route, request, variables, from: peer, &record)
    }
  }

  private func call(
    _ route: RestRoute, _ request: HTTPRequest, _ variables: [ByteRange], from peer: SocketAddress,
    _ record: inout AccessRecord
  ) async throws(ErrorAnswer) -> HTTPResponse {
    var options = CallOptions(deadline: Deadline(loop.now.advanced(by: context.configuration.callTimeout)))
    if route.access != .open {
      let caller = try await authenticator.caller(
        of: request.head, now: clock.seconds, requestID: record.requestID)
      record.subject = caller.subject
      record.tenant = try TenantRule.tenant(of: request.head, caller, route, &options.metadata)
    }
    options.metadata.append(String(decoding: record.requestID, as: UTF8.self), for: "x-request-id")
    try ForwardedFields.read(request.head, route, from: peer, into: &options.metadata)
    if !request.body.isEmpty, !ForwardedFields.isJSON(request.head) { throw .unsupportedMediaType }
    let message = try Transcoding.message(of: request, route, variables: variables)
    guard let channel = context.channels[route.service] else { throw .internalError }
    let reply: UnaryReply
    do throws(RPCError) {
      reply = try await channel.unaryBytes(path: route.rpcPath, message: message, options: options)
    } catch {
      throw ErrorAnswer(error)
    }
    if route.rpcPath == Self.logoutPath, let token = BearerToken.find(in: request.head) {
      await context.memories.forget(Array(token))
    }
    clock.update()
    var response = try Transcoding.response(
      reply.message, route, timestamp: clock.timestamp, requestID: record.requestID)
    if let tag = reply.initialMetadata["etag"] { response.fields.append(.init(name: "etag", value: tag)) }
    return response
  }

  /// After it the token's session has ended: what is remembered of it is forgotten before the answer goes out, not within seconds.
  private static let logoutPath = "/cloudbill.auth.v1.Auth/Logout"
}

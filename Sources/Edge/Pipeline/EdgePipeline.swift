internal import RPC
internal import Reactor
internal import Schema
internal import ServiceKit

/// The path of a request through the edge, to be read from top to bottom: what is asked for, who asks, whether they may, the body, the
/// call, the envelope; then the log line and the numbers. One a loop.
final class EdgePipeline: RequestHandler {
  private let context: EdgeContext
  private let loop: EventLoop
  private let authenticator: Authenticator
  private let coding: ContentCoding
  private let log: AccessLog
  private var identifiers = RequestIDSource()
  private var clock = WallClock()
  private var rejectionLines: LineBudget
  /// Requests that are being answered.
  private var running = 0

  init(context: EdgeContext, loop: EventLoop, output: LogOutput) {
    self.context = context
    self.loop = loop
    coding = ContentCoding(limits: context.limits, pool: context.pool)
    rejectionLines = LineBudget(perSecond: context.limits.rejectionLinesPerSecond)
    log = AccessLog(loop: loop, output: output)
    authenticator = Authenticator(
      tokens: context.tokens, signer: context.signer, auth: context.auth, loop: loop, limits: context.limits)
    context.memories.add(authenticator, on: loop)
  }

  func answer(_ head: HTTPRequestHead, _ body: RequestBody?, from peer: SocketAddress) async -> HTTPResponse {
    let start = Instant.now()
    clock.update()
    let fields = RequestFields(head)
    var record = AccessRecord()
    record.requestID = identifiers.id(given: head.value(fields.requestID))
    record.method = head.method
    running += 1
    var response: HTTPResponse
    var numbers = context.metrics.unrouted
    do throws(ErrorAnswer) {
      response = try await serve(head, body, fields, from: peer, &record, &numbers)
    } catch {
      record.errorCode = error.code
      clock.update()
      response = Envelope.response(error, timestamp: clock.timestamp, requestID: record.requestID)
    }
    running -= 1
    context.origins.decorate(&response, for: head)
    finish(&record, response, numbers, since: start)
    return response
  }

  /// What a request is about.
  private enum Resource {
    case page(OpenPage)
    case route(EdgeRoute, variables: [ByteRange])
    /// The question which methods there are.
    case options([HTTPMethod])
  }

  private func serve(
    _ head: HTTPRequestHead, _ body: RequestBody?, _ fields: RequestFields, from peer: SocketAddress,
    _ record: inout AccessRecord, _ numbers: inout EdgeMetrics.Route
  ) async throws(ErrorAnswer) -> HTTPResponse {
    guard running <= context.limits.requestsPerLoop else { throw .unavailable }
    var head = head
    if MediaType.isGRPC(head.value(fields.contentType)) { return GRPCRefusal.response(requestID: record.requestID) }
    if let name = fields.repeated { throw .repeatedField(name) }
    try head.normalizePath()

    var response: HTTPResponse
    switch try resource(head) {
    case .options(let methods):
      return context.origins.preflight(head, methods: methods, requestID: record.requestID)
    case .page(let page):
      response = page.response(context.health, timestamp: clock.timestamp, requestID: record.requestID)
      try Preconditions(head, fields).apply(to: &response)
    case .route(let route, let variables):
      record.route = route.rest.template
      numbers = route.numbers
      response = try await call(route, head, body, fields, variables, from: peer, &record)
    }
    if head.method.isSafe { await coding.apply(to: &response, for: head, fields) }
    return response
  }

  private func resource(_ head: HTTPRequestHead) throws(ErrorAnswer) -> Resource {
    if head.matches(head.path, "*"), head.method == .options {
      return .options(HTTPMethod.allCases.filter { $0 != .other })
    }
    if let page = OpenPage(head) {
      switch head.method {
      case .get, .head: return .page(page)
      case .options: return .options(OpenPage.methods)
      default: throw .methodNotAllowed(OpenPage.methods)
      }
    }
    switch context.routes.match(head) {
    case .found(let route, let variables): return .route(route, variables: variables)
    case .methodNotAllowed(let methods):
      guard head.method == .options else { throw .methodNotAllowed(methods) }
      return .options(methods)
    case .notFound: throw .notFound
    }
  }

  private func call(
    _ route: EdgeRoute, _ head: HTTPRequestHead, _ body: RequestBody?, _ fields: RequestFields,
    _ variables: [ByteRange], from peer: SocketAddress, _ record: inout AccessRecord
  ) async throws(ErrorAnswer) -> HTTPResponse {
    let limits = context.limits
    var options = CallOptions(maximumResponseBytes: limits.replyBytes)

    // Who asks, for which tenant, and whether they may.
    if route.asksWho {
      let caller = try await authenticator.caller(
        head.value(fields.authorization), tenant: head.value(fields.tenantID),
        mustName: route.rest.tenantHeaderRequired, now: clock.seconds, requestID: record.requestID)
      record.subject = caller.subject
      record.tenant = caller.tenant
      options.metadata = caller.metadata
      guard route.admits(caller.role) else { throw .forbidden }
    }
    options.metadata.append(ascii: record.requestID, for: ForwardedFields.requestID)
    let conditions = try Preconditions(head, fields)
    try ForwardedFields.add(head, fields, conditions, route.rest, from: peer, to: &options.metadata)

    // What they send.
    let message = try Transcoding.message(
      of: head, body: try await content(of: body, head, fields), route.rest, variables: variables, limits: limits)

    // What the service says.
    options.deadline = Deadline(loop.now.advanced(by: limits.callTimeout))
    let reply: UnaryReply
    do throws(RPCError) {
      reply = try await route.channel.unaryBytes(route.rest.descriptor, message: message, options: options)
    } catch {
      await context.memories.forget(SessionChange.read(error.metadata))
      throw ErrorAnswer(error)
    }
    await context.memories.forget(SessionChange.read(reply.initialMetadata))
    clock.update()
    var response = try Transcoding.response(
      reply.message, route.rest, timestamp: clock.timestamp, requestID: record.requestID, limits: limits)
    ForwardedFields.take(reply.initialMetadata, route.rest, into: &response)
    if head.method.isSafe { try conditions.apply(to: &response) }
    return response
  }

  /// The whole body; empty when there is none. What the head says about it is judged before it is read.
  private func content(
    of body: RequestBody?, _ head: HTTPRequestHead, _ fields: RequestFields
  ) async throws(ErrorAnswer) -> [UInt8] {
    guard let body else { return [] }
    let isJSON = MediaType.isJSON(head.value(fields.contentType))
    guard isJSON || fields.contentType == nil else { throw .unsupportedMediaType }
    if fields.contentEncoding != nil, !MediaType.isIdentity(head.list("content-encoding")) {
      throw .unsupportedContentCoding
    }
    let bytes: [UInt8]
    do throws(HTTPRejection) {
      bytes = try await body.whole()
    } catch {
      throw ErrorAnswer(error)
    }
    // Some clients announce a body, with no type, and then send nothing.
    guard isJSON || bytes.isEmpty else { throw .unsupportedMediaType }
    return bytes
  }

  /// The answer to what was refused before it became a request.
  func answer(_ rejection: HTTPRejection, from peer: SocketAddress) -> HTTPResponse {
    let start = Instant.now()
    clock.update()
    var record = AccessRecord()
    record.requestID = identifiers.next()
    record.method = .other
    record.errorCode = rejection.code
    let response = Envelope.response(
      ErrorAnswer(rejection), timestamp: clock.timestamp, requestID: record.requestID)
    let suppressed = rejectionLines.take(second: clock.seconds)
    record.suppressed = suppressed ?? 0
    finish(&record, response, context.metrics.unrouted, since: start, logs: suppressed != nil)
    return response
  }

  private func finish(
    _ record: inout AccessRecord, _ response: HTTPResponse, _ numbers: EdgeMetrics.Route, since start: Instant,
    logs: Bool = true
  ) {
    record.status = response.status
    record.responseBytes = response.body.count
    record.duration = start.duration(to: .now())
    numbers.record(status: response.status, nanoseconds: record.duration.nanosecondsSaturated)
    if logs, context.configuration.logsRequests { log.write(record, timestamp: clock.timestamp) }
  }
}

internal import Protobuf
internal import RPC
internal import Schema

/// Between REST and the mesh: path, query and body become the request's message, the reply's message becomes the envelope.
enum Transcoding {
  // MARK: - Request

  /// - Parameters:
  ///   - variables: places of the path's variables in `head.bytes`, in the order of the template.
  /// - Throws: 400, 404, 413 or 415 with the field named.
  static func message(
    of head: HTTPRequestHead, body: [UInt8], _ route: RestRoute, variables: [ByteRange], limits: EdgeLimits
  ) throws(ErrorAnswer) -> [UInt8] {
    var message = DynamicMessage(schema: route.request)
    do throws(ProtobufError) {
      try readBody(body, route, into: &message)
    } catch {
      throw ErrorAnswer(error)
    }
    try readPath(of: head, route, variables, into: &message)
    try readQuery(of: head, route, limits, into: &message)
    return message.serialized()
  }

  private static func readBody(
    _ body: [UInt8], _ route: RestRoute, into message: inout DynamicMessage
  ) throws(ProtobufError) {
    guard !body.isEmpty else { return try fillMask(route, &message) }
    switch route.body {
    case .none: throw .malformedJSON(reason: "this resource takes no body")
    case .whole: try message.merge(json: body, options: .rest)
    case .field(let name): try message.merge(json: body, field: name, options: .rest)
    }
    try fillMask(route, &message)
  }

  /// A PATCH means the fields that its body names, and no others.
  private static func fillMask(_ route: RestRoute, _ message: inout DynamicMessage) throws(ProtobufError) {
    guard let field = route.updateMaskField else { return }
    guard !message.givenFields.contains(field) else { throw .unknownField(path: field) }
    try message.set(field, mask: FieldMask(paths: message.givenFields))
  }

  private static func readPath(
    of head: HTTPRequestHead, _ route: RestRoute, _ variables: [ByteRange], into message: inout DynamicMessage
  ) throws(ErrorAnswer) {
    var place = 0
    for segment in route.segments {
      guard case .variable(let field) = segment, place < variables.count else { continue }
      let text = PercentEncoding.decodeBytes(head.bytes[variables[place].indices], plusIsSpace: false)
      place += 1
      // A path that cannot be a name of ours names nothing. That it is text is checked where it is set.
      guard let text else { throw .notFound }
      do throws(ProtobufError) {
        try message.set(field, text: text)
      } catch {
        if case .duplicateField = error { throw .validation("The path already says \(field)", field: field) }
        throw .notFound
      }
    }
  }

  private static func readQuery(
    of head: HTTPRequestHead, _ route: RestRoute, _ limits: EdgeLimits, into message: inout DynamicMessage
  ) throws(ErrorAnswer) {
    guard let query = head.query, !query.isEmpty else { return }
    let parameters: QueryParameters
    do throws(QueryParameters.Problem) {
      parameters = try QueryParameters(head.bytes[query.indices], limit: limits.queryParameters)
    } catch {
      switch error {
      case .malformed: throw .validation("The query is not valid percent-encoded UTF-8")
      case .duplicate(let name): throw .validation("The query has a parameter twice", field: name)
      case .tooMany(let limit): throw .validation("The query has more than \(limit) parameters")
      }
    }
    for (name, value) in parameters.pairs {
      guard route.body == .none else { throw .validation("This resource takes no query", field: name) }
      do throws(ProtobufError) {
        try message.set(name, text: value)
      } catch {
        throw ErrorAnswer(error)
      }
    }
  }

  // MARK: - Reply

  /// - Throws: 500 when the reply cannot be shown: it does not fit the schema, which is our own fault.
  static func response(
    _ reply: [UInt8], _ route: RestRoute, timestamp: [UInt8], requestID: [UInt8], limits: EdgeLimits
  ) throws(ErrorAnswer) -> HTTPResponse {
    guard route.successStatus != 204 else { return HTTPResponse(204, requestID: requestID) }
    var body: [UInt8] = []
    body.reserveCapacity(reply.count * 2 + Envelope.overhead + 256)
    do throws(ProtobufError) {
      let message = try DynamicMessage(serialized: reply, schema: route.response, limits: limits.decoding)
      Envelope.openData(&body)
      if let field = route.responseField {
        if try !message.jsonOfField(field, options: .rest, into: &body) { body.append("null") }
      } else {
        try message.json(options: .rest, into: &body)
      }
      if route.paginated {
        Envelope.openPagination(&body)
        if try !message.jsonOfField("pagination", options: .rest, into: &body) { body.append("null") }
      }
    } catch {
      throw .internalError
    }
    Envelope.close(&body, message: route.successMessage, timestamp: timestamp)
    return HTTPResponse(route.successStatus, requestID: requestID, body: body)
  }
}

extension EdgeLimits {
  /// Our own services' replies are read with room to spare: what they were allowed to store can be shown.
  fileprivate var decoding: DecodingLimits {
    var limits = DecodingLimits()
    limits.maximumBytes = replyBytes
    limits.maximumDepth = replyDepth
    limits.maximumMemory = replyMemoryBytes
    return limits
  }
}

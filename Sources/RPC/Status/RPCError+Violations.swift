public import Protobuf

extension Message {
  /// - Throws: INVALID_ARGUMENT when the message breaks rules of the schema.
  @inlinable
  func refuseViolations() throws(RPCError) {
    var found = Violations()
    check(&found)
    if !found.isEmpty { throw .violations(found.list) }
  }
}

extension RPCError {
  /// The trailer with the details of an error as every gRPC library reads them: a `google.rpc.Status`.
  private static let detailsKey: MetadataKey = "grpc-status-details-bin"
  /// Most bytes of text in the details: trailers have to fit what a peer takes of header fields, 8 KiB at the least.
  private static let longestDetails = 3072
  private static let badRequestURL = "type.googleapis.com/google.rpc.BadRequest"

  /// INVALID_ARGUMENT for a request that breaks rules of the schema. The message tells the first; all of them are in the trailers as a
  /// `google.rpc.BadRequest`.
  public static func violations(_ violations: [Violation]) -> RPCError {
    var error = RPCError.invalidArgument(violations.first?.description ?? "the request breaks a rule of the schema")
    var room = longestDetails
    let told = violations.prefix { violation in
      room -= violation.field.utf8.count + violation.expected.utf8.count + violation.rule.utf8.count
      return room >= 0
    }
    let request = ErrorDetails.BadRequest(
      fieldViolations: told.map { violation in
        ErrorDetails.BadRequest.FieldViolation(
          field: violation.field, description: "expected \(violation.expected)", reason: violation.rule)
      })
    let status = (try? request.serialized()).flatMap { bytes in
      try? ErrorDetails.Status(
        code: Int32(StatusCode.invalidArgument.rawValue), message: error.message,
        details: [AnyMessage(typeURL: badRequestURL, value: bytes)]
      ).serialized()
    }
    if let status { error.metadata.append(status, for: detailsKey) }
    return error
  }

  /// What a server said is wrong with the fields of a request; empty when it said nothing of the kind.
  public var violations: [Violation] {
    guard let bytes = metadata.bytes(Self.detailsKey), let status = try? ErrorDetails.Status(serialized: bytes),
      let detail = status.details.first(where: { $0.typeURL.hasSameBytes(as: Self.badRequestURL) }),
      let request = try? ErrorDetails.BadRequest(serialized: detail.value)
    else { return [] }
    let expected = "expected "
    return request.fieldViolations.map { violation in
      let text = violation.description
      return Violation(
        field: violation.field, rule: violation.reason,
        expected: text.hasPrefix(expected) ? String(text.dropFirst(expected.count)) : text)
    }
  }
}

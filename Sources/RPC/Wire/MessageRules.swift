public import Protobuf

/// What becomes of a call whose messages are not as its method wants them, by gRPC's statuscodes.md: one rule for requests at the server and
/// for responses at the client.
@usableFromInline
enum MessageRules {
  @usableFromInline
  enum Part: String, Sendable {
    case request
    case response
  }

  static func missing(_ part: Part) -> RPCError {
    .unimplemented("the \(part) has no message, the method has exactly one")
  }

  static func several(_ part: Part) -> RPCError {
    .unimplemented("the \(part) has more than one message, the method has exactly one")
  }

  static func incomplete(_ part: Part) -> RPCError {
    .internal("the \(part) ends in the middle of a message")
  }

  /// A message that is whole and cannot be decoded. What is wrong with a value of a request is its sender's argument; what is wrong with
  /// the bytes is the fault of a program.
  @usableFromInline
  static func unreadable(_ part: Part, _ error: ProtobufError) -> RPCError {
    switch error {
    case .tooLarge, .outOfMemory: .resourceExhausted("the \(part): \(error)")
    case .invalidUTF8, .embeddedNUL, .invalidValue:
      part == .request ? .invalidArgument("\(error)") : .internal("the response: \(error)")
    case .tooDeep, .malformed, .unknownField, .duplicateField, .oneofConflict, .malformedJSON:
      .internal("the \(part) cannot be decoded: \(error)")
    }
  }
}

extension MessageAssembler {
  /// Lends the one message of a body that has ended.
  /// - Throws: `RPCError` when there is another number of messages, before `body` sees any.
  mutating func only<R>(
    of part: MessageRules.Part, _ body: (UnsafeRawBufferPointer) throws(RPCError) -> R
  ) throws(RPCError) -> R {
    guard !isEmpty else { throw MessageRules.missing(part) }
    // What follows the message is looked at first, because only a body that is right is worth a handler.
    var rest = self
    guard try rest.next({ _ in }) != nil else { throw MessageRules.incomplete(part) }
    guard rest.isEmpty else { throw MessageRules.several(part) }
    let result: Result<R, RPCError>? = try next { bytes in
      do throws(RPCError) { return .success(try body(bytes)) } catch { return .failure(error) }
    }
    guard let result else { throw MessageRules.incomplete(part) }
    return try result.get()
  }
}

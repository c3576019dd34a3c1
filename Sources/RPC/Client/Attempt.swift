internal import HTTP2

/// One try at a call: what its stream has told so far, and how it ended. Pure.
struct Attempt {
  /// How an attempt ended.
  struct Outcome {
    /// The trailing metadata, or the error.
    var result: Result<Metadata, RPCError>
    /// The server has not seen the request, or promises that it has not looked at it (RFC 9113 §8.7): sending it again is always safe.
    var isUnseen = false
    /// The status is the server's own, which it sent behind its messages.
    var isServerStatus = false

    /// Ended from this side.
    static func own(_ error: RPCError) -> Outcome { Outcome(result: .failure(error)) }
  }

  /// What came with the head of the response.
  private(set) var initialMetadata = Metadata()
  /// Whether the server has begun to answer: the request is not sent again from then on.
  private(set) var hasHead = false
  private var trailers: HeaderFields?
  /// What the head means when it is not that of a gRPC response.
  private var refusal: RPCError?
  /// `grpc-status` may stand in a head that is not gRPC's otherwise.
  private var refusedHead: HeaderFields?
  private var ignoredByteCount = 0

  /// Bytes of a body that is not gRPC's that are waited for: the status may come behind them.
  private static let maximumIgnoredByteCount = 64 * 1024

  /// Whether the body is a gRPC one, and its bytes are messages.
  var isReadable: Bool { refusal == nil }

  mutating func response(_ fields: borrowing HeaderFields, endsStream: Bool) {
    if let refusal = ResponseHead.refusal(fields) {
      self.refusal = refusal
      refusedHead = ResponseHead.hasHTTPError(fields) ? copy fields : nil
    } else if !endsStream {
      hasHead = true
    }
    initialMetadata = Metadata(received: copy fields)
    if endsStream { trailers = copy fields }
  }

  /// Bytes of a body that is not read. Answers the outcome when there are too many to wait for its end.
  mutating func ignored(_ byteCount: Int) -> Outcome? {
    ignoredByteCount += byteCount
    guard ignoredByteCount > Self.maximumIgnoredByteCount, let refusal else { return nil }
    return Outcome(result: .failure(refusal))
  }

  mutating func trailers(_ fields: borrowing HeaderFields) {
    trailers = copy fields
  }

  /// The server will send no more.
  func ended() -> Outcome {
    // What gRPC says comes before what HTTP says (gRPC's http-grpc-status-mapping).
    if let trailers, let text = trailers["grpc-status"] { return status(text, trailers) }
    if let refusedHead, let text = refusedHead["grpc-status"] { return status(text, refusedHead) }
    if let refusal { return Outcome(result: .failure(refusal)) }
    guard trailers != nil else {
      return Outcome(result: .failure(.internal("the server ended the response without a status")))
    }
    return Outcome(result: .failure(.unknown("the server ended the response without a status")))
  }

  private func status(_ text: String, _ fields: HeaderFields) -> Outcome {
    let trailing = Metadata(received: fields)
    let code = Int(text).flatMap { StatusCode(rawValue: $0) } ?? .unknown
    if code == .ok { return Outcome(result: .success(trailing), isServerStatus: true) }
    let message = fields.withValue(of: "grpc-message") { StatusMessage.decode($0) } ?? ""
    return Outcome(result: .failure(RPCError(code, message, metadata: trailing)), isServerStatus: true)
  }

  /// The stream is over without an end of the response.
  func closed(_ stream: HTTP2Stream, code: HTTP2ErrorCode) -> Outcome {
    closed(
      code: code, hasLeft: stream.hasLeft, isConnectionLost: stream.isConnectionLost,
      isFieldLimitExceeded: stream.isFieldLimitExceeded)
  }

  func closed(code: HTTP2ErrorCode, hasLeft: Bool, isConnectionLost: Bool, isFieldLimitExceeded: Bool) -> Outcome {
    if isFieldLimitExceeded {
      return .own(.resourceExhausted("the metadata of the request or the response is over the limit"))
    }
    if isConnectionLost {
      return Outcome(result: .failure(.unavailable("the connection was lost")), isUnseen: !hasLeft)
    }
    let isUnseen = code == .refusedStream && initialMetadata.isEmpty && !hasHead
    return Outcome(result: .failure(ResponseHead.error(of: code)), isUnseen: isUnseen)
  }
}

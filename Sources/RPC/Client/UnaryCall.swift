internal import HTTP2
internal import Reactor

/// A call with one request and one response. Loop-bound.
final class UnaryCall: ClientCall {
  private let framed: [UInt8]
  private let completion: (Result<UnaryReply, RPCError>) -> Void
  private var assembler: MessageAssembler
  private var message: [UInt8]?

  init(
    lane: ChannelLane, path: String, framed: [UInt8], options: CallOptions, cancellation: CallCancellation,
    completion: @escaping (Result<UnaryReply, RPCError>) -> Void
  ) {
    self.framed = framed
    self.completion = completion
    assembler = MessageAssembler(
      maximumMessageBytes: options.maximumResponseBytes ?? lane.configuration.maximumResponseBytes)
    super.init(lane: lane, path: path, options: options, cancellation: cancellation)
  }

  override func open(on connection: HTTP2Connection) throws(HTTP2Error) {
    try super.open(on: connection)
    stream?.write(framed)
    stream?.finish()
  }

  override func received(_ bytes: RawSpan) throws(RPCError) {
    bytes.withUnsafeBytes { assembler.append($0) }
    stream?.consume(bytes.byteCount)
    while let next = try assembler.next({ [UInt8]($0) }) {
      guard message == nil else { throw .unimplemented("the response has more than one message") }
      message = next
    }
  }

  override func finished(_ status: Result<Metadata, RPCError>) {
    switch status {
    case .failure(let error): completion(.failure(error))
    case .success(let trailing):
      guard assembler.isEmpty else {
        return completion(.failure(.internal("the response ends in the middle of a message")))
      }
      guard let message else {
        return completion(.failure(.unimplemented("the response has no message although its status is OK")))
      }
      completion(
        .success(UnaryReply(message: message, initialMetadata: initialMetadata, trailingMetadata: trailing)))
    }
  }
}

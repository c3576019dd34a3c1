internal import HTTP2
internal import Reactor

/// A call with one request and one response. Loop-bound.
// @unchecked Sendable: as ClientCall says.
final class UnaryCall: ClientCall, @unchecked Sendable {
  /// The request behind its prefix, held until the call is over: it may have to be sent again.
  @exclusivity(unchecked) private var request: [UInt8]
  @exclusivity(unchecked) private var continuation: UnsafeContinuation<Result<UnaryReply, RPCError>, Never>?
  @exclusivity(unchecked) private var result: Result<UnaryReply, RPCError>?
  @exclusivity(unchecked) private var assembler: MessageAssembler
  @exclusivity(unchecked) private var message: [UInt8]?

  init(channel: LoopChannel, method: MethodDescriptor, request: [UInt8], options: CallOptions, deadline: Deadline) {
    self.request = request
    assembler = MessageAssembler(
      maximumMessageBytes: options.maximumResponseBytes ?? channel.configuration.maximumResponseBytes)
    super.init(channel: channel, method: method, options: options, deadline: deadline)
  }

  /// Makes the call; `continuation` is resumed when it is over.
  func start(_ continuation: UnsafeContinuation<Result<UnaryReply, RPCError>, Never>) {
    // The caller may have been cancelled before this.
    if let result { return continuation.resume(returning: result) }
    self.continuation = continuation
    channel.start(self)
  }

  override func send(on stream: HTTP2Stream) {
    assembler = MessageAssembler(maximumMessageBytes: assembler.maximumMessageBytes)
    message = nil
    stream.write(request)
    stream.finish()
  }

  override func received(_ bytes: RawSpan) throws(RPCError) {
    stream?.consume(bytes.byteCount)
    if message == nil, assembler.isEmpty {
      // Nearly always the whole response lies in one piece.
      message = bytes.withUnsafeBytes { bytes in
        MessageAssembler.only(in: bytes, maximumMessageBytes: assembler.maximumMessageBytes).map { [UInt8]($0) }
      }
      if message != nil { return }
    }
    bytes.withUnsafeBytes { assembler.append($0) }
    while let next = try assembler.next({ [UInt8]($0) }) {
      guard message == nil else { throw MessageRules.several(.response) }
      message = next
    }
  }

  override func finished(_ outcome: Attempt.Outcome) {
    request = []
    let result = reply(outcome.result)
    if let continuation = continuation.take() {
      continuation.resume(returning: result)
    } else {
      self.result = result
    }
  }

  private func reply(_ status: Result<Metadata, RPCError>) -> Result<UnaryReply, RPCError> {
    switch status {
    case .failure(let error): return .failure(error)
    case .success(let trailing):
      guard assembler.isEmpty else { return .failure(MessageRules.incomplete(.response)) }
      guard let message else { return .failure(MessageRules.missing(.response)) }
      return .success(
        UnaryReply(message: message, initialMetadata: attempt.initialMetadata, trailingMetadata: trailing))
    }
  }
}

/// The body of a request that has begun to be answered while its body was still arriving. Loop-bound.
///
/// The connection keeps it up to date; who answers asks for the whole of it once it is known that it is wanted, and not before: a
/// request that is refused by its head costs nobody its body.
final class RequestBody {
  private enum State {
    case arriving
    case complete([UInt8])
    case failed(HTTPRejection)
  }

  private var state = State.arriving
  private var waiting: UnsafeContinuation<Void, Never>?
  /// Whether the connection is to read it.
  private(set) var isWanted = false
  /// Told once, when the body is wanted.
  weak var source: (any RequestBodySource)?

  var isArriving: Bool {
    if case .arriving = state { true } else { false }
  }

  /// - Throws: why it never became complete: too large, too slow, broken framing, or a client that is gone.
  func whole() async throws(HTTPRejection) -> [UInt8] {
    if isArriving, !isWanted {
      isWanted = true
      source?.bodyIsWanted()
    }
    if isArriving { await withUnsafeContinuation { waiting = $0 } }
    switch state {
    case .complete(let bytes): return bytes
    case .failed(let rejection): throw rejection
    case .arriving: throw .clientGone
    }
  }

  func complete(_ bytes: [UInt8]) { settle(.complete(bytes)) }

  func fail(_ rejection: HTTPRejection) { settle(.failed(rejection)) }

  private func settle(_ settled: State) {
    guard isArriving else { return }
    state = settled
    waiting.take()?.resume()
  }
}

/// A connection that reads a request's body.
protocol RequestBodySource: AnyObject {
  func bodyIsWanted()
}

import Reactor

/// Writes down what a connection tells its delegate.
final class Recorder: TCPConnectionDelegate {
  enum Event: Equatable {
    case bytes([UInt8])
    case inputClosed
    case drained
    case closed(ReactorError?)
  }

  var events: [Event] = []
  /// Called after each event.
  var then: (TCPConnection, Event) -> Void = { _, _ in }

  var reads: [[UInt8]] {
    events.compactMap { event -> [UInt8]? in
      if case .bytes(let bytes) = event { bytes } else { nil }
    }
  }
  var received: [UInt8] { Array(reads.joined()) }
  var isClosed: Bool { events.contains { if case .closed = $0 { true } else { false } } }

  func received(_ bytes: RawSpan, from connection: TCPConnection) {
    note(.bytes(bytes.withUnsafeBytes { Array($0) }), connection)
  }
  func inputClosed(_ connection: TCPConnection) { note(.inputClosed, connection) }
  func drained(_ connection: TCPConnection) { note(.drained, connection) }
  func closed(_ connection: TCPConnection, error: ReactorError?) { note(.closed(error), connection) }

  private func note(_ event: Event, _ connection: TCPConnection) {
    events.append(event)
    then(connection, event)
  }
}

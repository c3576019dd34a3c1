internal import Glibc
internal import Reactor
internal import Synchronization

/// Where log lines go: a descriptor, standard error in production. It never waits: what a reader is too slow for is kept up to a bound
/// and then lost, and a line arrives whole or not at all.
public final class LogOutput: Sendable {
  /// Bytes kept for a reader that is too slow.
  static let mostPending = 256 * 1024

  private struct State {
    var pending: [UInt8] = []
    /// Whether the last byte that arrived ended a line. A full disk takes a part of one.
    var isAtLineStart = true
    var lostLines: UInt64 = 0
  }

  private let descriptor: Int32
  private let state = Mutex(State())

  public init(descriptor: Int32) {
    self.descriptor = descriptor
  }

  public static let standardError = LogOutput(descriptor: STDERR_FILENO)

  /// Lines that nobody took.
  public var lostLines: UInt64 { state.withLock { $0.lostLines } }

  /// Writes whole lines.
  public func write(_ lines: [UInt8]) {
    guard descriptor >= 0 else { return }
    state.withLock { state in
      flush(&state)
      if state.pending.count + lines.count > Self.mostPending {
        state.lostLines += Self.count(lines)
      } else {
        state.pending += lines
        flush(&state)
      }
    }
  }

  private static func count(_ lines: some Sequence<UInt8>) -> UInt64 {
    lines.reduce(0) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) }
  }

  /// Writes what can be written without waiting.
  private func flush(_ state: inout State) {
    guard !state.pending.isEmpty else { return }
    // Ends the part of a line that a full disk took.
    let endsPart = !state.isAtLineStart
    if endsPart, state.pending.first != UInt8(ascii: "\n") { state.pending.insert(UInt8(ascii: "\n"), at: 0) }
    var done = 0
    while done < state.pending.count {
      // A pipe that can be written to takes as much as a piece of `LogLine.longest` bytes in one.
      var question = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      guard poll(&question, 1, 0) == 1,
        question.revents & Int16(POLLOUT) != 0 || question.revents & Int16(POLLNVAL) != 0
      else { break }
      let piece = piece(of: state.pending[done...])
      let written = piece.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if written < 0, errno == EINTR { continue }
      if written < 0, errno == EAGAIN { break }
      guard written > 0 else {
        // Nobody takes it: a full disk, a reader that is gone.
        state.lostLines += Self.count(state.pending[done...]) - (endsPart && done == 0 ? 1 : 0)
        done = state.pending.count
        break
      }
      done += written
      state.isAtLineStart = state.pending[done - 1] == UInt8(ascii: "\n")
    }
    state.pending.removeFirst(done)
  }

  /// As many whole lines from the front as fit into one piece; at least one.
  private func piece(of lines: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    guard lines.count > LogLine.longest else { return lines }
    let end = lines.prefix(LogLine.longest).lastIndex(of: UInt8(ascii: "\n"))
    return end.map { lines[...$0] } ?? lines.prefix(LogLine.longest)
  }
}

/// Collects the lines of one loop's turn and writes them with one system call.
final class LogLane: Flushable {
  private let output: LogOutput
  private let loop: EventLoop
  private var pending: [UInt8] = []
  private var flushRequested = false

  init(output: LogOutput, loop: EventLoop) {
    self.output = output
    self.loop = loop
  }

  func append(_ line: [UInt8]) {
    if pending.count + line.count > LogLine.longest { writePending() }
    pending.append(contentsOf: line)
    guard !flushRequested else { return }
    flushRequested = true
    loop.flushLater(self)
  }

  func flush() {
    flushRequested = false
    writePending()
  }

  private func writePending() {
    guard !pending.isEmpty else { return }
    output.write(pending)
    pending.removeAll(keepingCapacity: true)
  }
}

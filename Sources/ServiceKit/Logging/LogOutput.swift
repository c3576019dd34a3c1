internal import Glibc
internal import Reactor
internal import Synchronization

/// Where log lines go: a descriptor, standard error in production.
public final class LogOutput: Sendable {
  private let descriptor: Int32
  private let lost = Atomic<Int>(0)

  public init(descriptor: Int32) {
    self.descriptor = descriptor
  }

  public static let standardError = LogOutput(descriptor: STDERR_FILENO)

  /// Lines that could not be written.
  public var lostLines: Int { lost.load(ordering: .relaxed) }

  /// Writes whole lines. Those that nobody takes are lost: a full disk must not stop the service.
  func write(_ lines: [UInt8]) {
    var rest = lines[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if written < 0, errno == EINTR { continue }
      guard written > 0 else {
        lost.wrappingAdd(1, ordering: .relaxed)
        return
      }
      rest = rest.dropFirst(written)
    }
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

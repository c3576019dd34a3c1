import Glibc

// Written once, before the handlers that read it are installed; a handler may only use what is async-signal-safe.
nonisolated(unsafe) private var inboxWriteEnd: Int32 = -1

/// Signals as something to wait for: each becomes a byte in a pipe, so they are handled at one place in program order.
struct SignalInbox {
  private let readEnd: Int32

  /// Takes over these signals of the process. There is one inbox a process.
  init(_ signals: [Int32]) throws {
    (readEnd, inboxWriteEnd) = try makePipe(blocking: false)
    for number in signals {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { number in
        var byte = UInt8(truncatingIfNeeded: number)
        let code = errno
        // A full pipe holds thousands of signals already: one more would tell nothing new.
        _ = write(inboxWriteEnd, &byte, 1)
        errno = code
      }
      action.sa_flags = SA_RESTART
      sigaction(number, &action, nil)
    }
  }

  /// Waits until a signal comes or the time is over, and returns the signals that came, in order.
  func wait(milliseconds: Int) -> [Int32] {
    var waiting = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
    _ = poll(&waiting, 1, Int32(clamping: max(0, milliseconds)))
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = read(readEnd, &bytes, bytes.count)
    return count > 0 ? bytes[..<count].map { Int32($0) } : []
  }
}

import Glibc

/// Somebody asked the command to stop.
struct Interrupted: Error {
  let signal: Int32
}

/// The steps of a command as they are shown, and the only place where the command waits: a signal ends the waiting.
final class Progress {
  let terminal = Terminal()
  private let inbox: SignalInbox
  private let clock = ContinuousClock()
  private var stepStart = ContinuousClock.now
  private var lastNote = ContinuousClock.now

  /// A step that takes longer shows that it is alive.
  private static let noteInterval = Swift.Duration.seconds(2)

  init() throws {
    inbox = try SignalInbox([SIGINT, SIGTERM, SIGHUP, SIGCHLD])
    signal(SIGPIPE, SIG_IGN)
  }

  /// Runs one step under its title.
  func step<Result>(_ title: String, _ body: () throws -> Result) rethrows -> Result {
    terminal.step(title)
    stepStart = clock.now
    lastNote = stepStart
    let result = try body()
    terminal.done(after: stepStart.duration(to: clock.now))
    return result
  }

  /// Waits a moment, shorter when a child ended.
  /// - Parameter activity: what to show when the step takes long.
  func pause(milliseconds: Int, activity: @autoclosure () -> String) throws {
    try wait(milliseconds: milliseconds)
    let now = clock.now
    if lastNote.duration(to: now) >= Self.noteInterval {
      lastNote = now
      terminal.note("\(Terminal.seconds(stepStart.duration(to: now))): \(activity())")
    }
  }

  /// Waits without showing anything.
  func wait(milliseconds: Int) throws {
    if let stop = inbox.wait(milliseconds: milliseconds).first(where: { $0 != SIGCHLD }) {
      throw Interrupted(signal: stop)
    }
  }

  /// Waits and says whether another stop signal came.
  func waitStopping(milliseconds: Int) -> Bool {
    inbox.wait(milliseconds: milliseconds).contains { $0 != SIGCHLD }
  }

  /// Runs a program to its end.
  /// - Throws: `CommandFailure` with the end of what it printed.
  func run(
    _ program: String, _ arguments: [String], user: String? = nil, log: String, input: String? = nil,
    environment: [String: String] = [:]
  ) throws {
    unlink(log)
    let child = try ChildProcess(
      program, arguments, privileges: .init(user: user, signalOnOrphaning: "KILL"), output: log, input: input,
      environment: environment)
    do {
      while true {
        if let ending = child.ending() {
          guard ending.isSuccess else {
            let name = program.split(separator: "/").last ?? ""
            throw CommandFailure("\(name) \(ending)", advice: Files.lastLines(of: log, count: 8))
          }
          return
        }
        try pause(milliseconds: 50, activity: Files.lastLines(of: log, count: 1).first ?? "working")
      }
    } catch let interruption as Interrupted {
      child.signal(SIGKILL)
      while child.ending() == nil { usleep(10_000) }
      throw interruption
    }
  }
}

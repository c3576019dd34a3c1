import Glibc

/// Tells a process that hangs from one that is slow. Pure: answers in, verdict out.
struct HangDetector: Sendable {
  /// Between two questions.
  static let interval = Swift.Duration.seconds(2)
  /// Questions in a row that stay without any answer, each for a second.
  static let patience = 8

  private var silences = 0

  /// - Returns: whether the process hangs.
  mutating func note(_ answer: HealthProbe.Answer) -> Bool {
    silences = answer == .silent ? silences + 1 : 0
    return silences >= Self.patience
  }
}

/// A process that is started again when it ends by itself or hangs.
final class SupervisedProcess {
  /// Waiting times between restarts: doubled from the first to the last, back to the first after a good while.
  private static let firstDelay = Swift.Duration.milliseconds(250)
  private static let longestDelay = Swift.Duration.seconds(15)
  private static let goodWhile = Swift.Duration.seconds(60)

  let name: String
  let log: String
  private let launch: () throws -> ChildProcess
  private(set) var child: ChildProcess?
  private var startedAt = ContinuousClock.now
  private var restartAt: ContinuousClock.Instant?
  private var delay = SupervisedProcess.firstDelay
  private var logStart = 0
  /// Where it tells its health; nil for what has no such page.
  private let healthPort: UInt16?
  private var detector = HangDetector()
  private var askAt = ContinuousClock.now

  init(name: String, log: String, healthPort: UInt16? = nil, launch: @escaping () throws -> ChildProcess) {
    self.name = name
    self.log = log
    self.healthPort = healthPort
    self.launch = launch
  }

  func start() throws {
    logStart = Files.size(log)
    startedAt = .now
    restartAt = nil
    detector = HangDetector()
    askAt = startedAt + HangDetector.interval
    child = try launch()
  }

  /// What it wrote last, since its start.
  func lastWords(_ count: Int) -> [String] { Files.lastLines(of: log, count: count, from: logStart) }

  /// Asks it how it is when it is time to, and ends it when it hangs: it is started again as one that ended by itself.
  /// - Returns: whether it was ended.
  func endIfHanging() -> Bool {
    guard let child, let healthPort, askAt <= .now else { return false }
    let hangs = detector.note(HealthProbe.ask(port: healthPort))
    askAt = .now + HangDetector.interval
    if hangs { child.signal(SIGKILL) }
    return hangs
  }

  /// How it ended, when it has since the last question.
  func reap() -> ChildProcess.Ending? {
    guard let ending = child?.ending() else { return nil }
    child = nil
    return ending
  }

  /// After an end that nobody asked for: plans the restart and returns how long it is until then.
  func planRestart() -> Swift.Duration {
    if startedAt.duration(to: .now) >= Self.goodWhile { delay = Self.firstDelay }
    let current = delay
    delay = min(delay * 2, Self.longestDelay)
    restartAt = .now + current
    return current
  }

  /// Restarts it when its time has come. A failure to start plans the next attempt.
  func restartIfDue(_ terminal: Terminal) {
    guard let time = restartAt, time <= .now else { return }
    do {
      try start()
      terminal.warning("\(name) is running again (process \(child?.processID ?? 0))")
    } catch {
      terminal.warning("\(name) cannot be started: \(error); next attempt in \(Terminal.seconds(planRestart()))")
    }
  }

  /// Milliseconds until it wants attention.
  func millisecondsUntilAttention() -> Int? {
    let time = restartAt ?? (child != nil && healthPort != nil ? askAt : nil)
    return time.map { max(0, Int(ContinuousClock.now.duration(to: $0) / .milliseconds(1)) + 1) }
  }

  func forgetRestart() { restartAt = nil }
}

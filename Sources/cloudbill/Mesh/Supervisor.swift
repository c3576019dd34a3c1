import Glibc

/// Keeps the processes of the mesh running, and stops them in order.
final class Supervisor {
  private let progress: Progress
  /// In the order of their start; stopped the other way round.
  private var stages: [Stage] = []

  /// Processes that start and stop together.
  private struct Stage {
    var processes: [SupervisedProcess]
    /// What asks them to end, how long they may take, and what ends them then. All stages together stay under 10 s.
    var stop: Int32
    var patience: Swift.Duration
    var force: Int32
  }

  init(_ progress: Progress) { self.progress = progress }

  /// Starts processes that depend on all started before.
  func start(_ processes: [SupervisedProcess], stop: Int32, force: Int32, patience: Swift.Duration) throws {
    stages.append(Stage(processes: processes, stop: stop, patience: patience, force: force))
    for process in processes { try process.start() }
  }

  /// Waits until every port answers that its process serves.
  func waitHealthy(_ ports: [(process: SupervisedProcess, port: UInt16)], timeout: Swift.Duration) throws {
    let deadline = ContinuousClock.now + timeout
    var waiting = ports
    while true {
      for (process, _) in waiting {
        if let ending = process.reap() {
          throw CommandFailure(
            "\(process.name) \(ending) while starting", advice: process.lastWords(5) + ["its log: \(process.log)"])
        }
      }
      waiting.removeAll { HealthProbe.ask(port: $0.port) == .healthy }
      guard let (process, port) = waiting.first else { return }
      guard ContinuousClock.now < deadline else {
        throw CommandFailure(
          "\(process.name) does not get healthy (http://127.0.0.1:\(port)/health)",
          advice: process.lastWords(5) + ["its log: \(process.log)"])
      }
      try progress.pause(
        milliseconds: 50, activity: "waiting for " + waiting.map(\.process.name).joined(separator: ", "))
    }
  }

  /// Restarts what ends by itself or hangs, until a signal asks to stop.
  func watch() -> Interrupted {
    let processes = stages.flatMap(\.processes)
    while true {
      for process in processes {
        if let ending = process.reap() {
          let delay = process.planRestart()
          progress.terminal.warning(
            "\(process.name) \(ending); restarting in \(Terminal.seconds(delay)) (log: \(process.log))")
        }
        process.restartIfDue(progress.terminal)
        if process.endIfHanging() {
          progress.terminal.warning("\(process.name) no longer answers: ended")
        }
      }
      let pause = processes.compactMap { $0.millisecondsUntilAttention() }.min() ?? 60_000
      do {
        try progress.wait(milliseconds: pause)
      } catch {
        return error as? Interrupted ?? Interrupted(signal: SIGTERM)
      }
    }
  }

  /// Stops everything that was started, last first. Another signal from outside makes it hurry.
  func stop() {
    var hurried = false
    for stage in stages.reversed() {
      let running = stage.processes.filter { $0.child != nil }
      for process in stage.processes { process.forgetRestart() }
      guard !running.isEmpty else { continue }
      progress.step("Stopping \(running.map(\.name).joined(separator: ", "))") {
        for process in running { process.child?.signal(hurried ? stage.force : stage.stop) }
        hurried = wait(for: running, patience: stage.patience) || hurried
        for process in running where process.child != nil {
          if !hurried { progress.terminal.warning("\(process.name) did not stop in time") }
          process.child?.signal(stage.force)
        }
        _ = wait(for: running, patience: .seconds(2))
        for process in running { process.child?.signal(SIGKILL) }
      }
    }
    stages = []
  }

  /// Waits until all have ended. True when somebody wants it faster.
  private func wait(for processes: [SupervisedProcess], patience: Swift.Duration) -> Bool {
    let deadline = ContinuousClock.now + patience
    while ContinuousClock.now < deadline {
      for process in processes { _ = process.reap() }
      if processes.allSatisfy({ $0.child == nil }) { return false }
      if progress.waitStopping(milliseconds: 20) { return true }
    }
    return false
  }
}

package import Reactor

/// The tasks that handlers run in, on one loop: those of unary calls, and those of a front's requests. A task serves call after call: making one and taking it down costs more
/// than many a handler does. Loop-bound.
// @unchecked Sendable: the tasks carry it, and they run on the loop's thread only.
package final class HandlerTasks: @unchecked Sendable {
  fileprivate let loop: EventLoop
  @exclusivity(unchecked) private var idle: [HandlerTask] = []
  @exclusivity(unchecked) private var isClosed = false

  /// Tasks that wait for a call at most; more of them end with their calls.
  private static let maximumIdleCount = 256

  package init(loop: EventLoop) {
    self.loop = loop
  }

  /// A task that has nothing to do: run a handler in it.
  package func next() -> HandlerTask { idle.popLast() ?? HandlerTask(self) }

  /// Whether a task that has nothing to do is to wait for its next call.
  fileprivate func keeps(_ task: HandlerTask) -> Bool {
    guard !isClosed, idle.count < Self.maximumIdleCount else { return false }
    idle.append(task)
    return true
  }

  /// Ends the tasks that wait, and each of the others after its call.
  package func close() {
    isClosed = true
    let ended = idle
    idle = []
    for task in ended { task.end() }
  }
}

/// One task of those, and the call it runs.
// @unchecked Sendable: touched on the loop's thread only, where its task runs.
package final class HandlerTask: @unchecked Sendable {
  private unowned let tasks: HandlerTasks
  @exclusivity(unchecked) private var handler: (@Sendable () async -> Void)?
  @exclusivity(unchecked) private var task: Task<Void, Never>?
  @exclusivity(unchecked) private var waiting: UnsafeContinuation<Void, Never>?
  @exclusivity(unchecked) private var isCancelled = false

  fileprivate init(_ tasks: HandlerTasks) {
    self.tasks = tasks
  }

  /// Runs the handler on the loop, up to where it waits for something before this returns.
  package func run(_ handler: @escaping @Sendable () async -> Void) {
    self.handler = handler
    tasks.loop.runAtOnce {
      if let waiting = waiting.take() { return waiting.resume() }
      task = Task(executorPreference: tasks.loop) { [self, tasks] in await serve(for: tasks) }
    }
  }

  /// Not in the task's own closure, which would look its executor up again after each call.
  private func serve(for tasks: HandlerTasks) async {
    while await runHandler(), !isCancelled, tasks.keeps(self) {
      await withUnsafeContinuation { waiting = $0 }
    }
  }

  /// False when there is none: the task is to end. A function of its own, so that nothing of the call outlives it while the task waits.
  private func runHandler() async -> Bool {
    guard let handler = handler.take() else { return false }
    await handler()
    return true
  }

  /// Cancels the handler. The task is not used again, since it stays cancelled.
  package func cancel() {
    isCancelled = true
    task?.cancel()
  }

  fileprivate func end() {
    waiting.take()?.resume()
  }
}

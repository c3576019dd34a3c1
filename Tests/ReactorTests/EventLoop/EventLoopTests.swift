import Glibc
import Reactor
import Synchronization
import Testing

@Suite("The event loop")
struct EventLoopTests {
  @Test("an async handler stays on its loop across every suspension")
  func handlersStayOnTheirThread() async throws {
    let group = try EventLoopGroup(count: 2)
    defer { group.stop() }
    let pool = BlockingPool(threads: 1, queueLimit: 16)
    for loop in group.loops {
      let task = Task(executorPreference: loop) {
        var stayed = loop.isCurrent
        await Task.yield()
        stayed = stayed && loop.isCurrent
        try await Task.sleep(for: .milliseconds(2))
        stayed = stayed && loop.isCurrent
        _ = try await pool.run { 1 }
        stayed = stayed && loop.isCurrent
        try await loop.sleep(for: .milliseconds(1))
        stayed = stayed && loop.isCurrent
        let child = await withTaskGroup(of: Bool.self) { children in
          for _ in 0..<4 { children.addTask { loop.isCurrent } }
          return await children.allSatisfy { $0 }
        }
        return stayed && child && loop.isCurrent
      }
      #expect(try await task.value)
    }
  }

  @Test("work that yields lets timers go first")
  func yields() async throws {
    let group = try EventLoopGroup(count: 1)
    defer { group.stop() }
    let loop = group.loops[0]
    let steps = await Task(executorPreference: loop) {
      var steps = 0
      var timerFired = false
      await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
        loop.schedule(after: .milliseconds(2)) { timerFired = true }
        func step() {
          let end = Instant.now().advanced(by: .milliseconds(3))
          while Instant.now() < end {}
          steps += 1
          if timerFired || steps == 100 { return done.resume() }
          loop.yield(step)
        }
        step()
      }
      return steps
    }.value
    // Two may have begun before the loop looked at its timers.
    #expect(steps <= 3)
  }

  @Test("work that yields gets its turn beside jobs that are always ready")
  func yieldsBesideBusyTask() async throws {
    let group = try EventLoopGroup(count: 1)
    defer { group.stop() }
    let loop = group.loops[0]
    let busy = Task(executorPreference: loop) { while !Task.isCancelled { await Task.yield() } }
    defer { busy.cancel() }
    await Task(executorPreference: loop) {
      for _ in 0..<3 {
        await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
          loop.yield { done.resume() }
        }
      }
    }.value
  }

  @Test("an actor on the loop's serial executor runs on its thread")
  func actorsRunOnTheLoop() async throws {
    actor Counter {
      let executor: EventLoopSerialExecutor
      let loop: EventLoop
      var count = 0
      init(_ loop: EventLoop) {
        self.loop = loop
        executor = loop.serialExecutor
      }
      nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
      func add() -> Bool {
        count += 1
        return loop.isCurrent
      }
    }
    let group = try EventLoopGroup(count: 1)
    defer { group.stop() }
    let counter = Counter(group.loops[0])
    let onLoop = await withTaskGroup(of: Bool.self) { tasks in
      for _ in 0..<1000 { tasks.addTask { await counter.add() } }
      return await tasks.allSatisfy { $0 }
    }
    #expect(onLoop)
    #expect(await counter.count == 1000)
  }

  @Test("wake-ups from other threads under load lose nothing")
  func offThreadWakeUps() async throws {
    let group = try EventLoopGroup(count: 1)
    defer { group.stop() }
    let loop = group.loops[0]
    let counter = SharedCounter()
    await withTaskGroup(of: Void.self) { tasks in
      for _ in 0..<8 {
        tasks.addTask {
          for index in 0..<20_000 {
            loop.execute { counter.increment() }
            if index % 64 == 0 { await Task(executorPreference: loop) { counter.increment() }.value }
          }
        }
      }
    }
    await Task(executorPreference: loop) {}.value
    let expected = 8 * (20_000 + 313)
    for _ in 0..<1000 where counter.value < expected { try await Task.sleep(for: .milliseconds(1)) }
    #expect(counter.value == expected)
  }

  @Test("a cancelled sleep ends at once and leaves no timer, whenever it is cancelled")
  func cancelledSleep() async throws {
    // A clock that stands still: a sleep that is not cancelled would never end.
    let clock = ManualClock()
    let group = try EventLoopGroup(count: 1, clock: clock)
    defer { group.stop() }
    let loop = group.loops[0]
    for round in 0..<200 {
      let onLoop = round % 2 == 0
      let task =
        onLoop
        ? Task(executorPreference: loop) { try await loop.sleep(for: .seconds(60)) }
        : Task { try await loop.sleep(for: .seconds(60)) }
      // Before it sleeps, while the timer is on its way to the loop, and after.
      for _ in 0..<round % 7 { await Task.yield() }
      if round % 3 == 0 { await clock.settle() }
      if round % 5 == 0 { loop.execute { task.cancel() } } else { task.cancel() }
      await #expect(throws: CancellationError.self) { try await task.value }
    }
    #expect(await clock.settle() == nil)
  }

  @Test("the serial executor is one for all threads that ask, and goes with the last that keeps it")
  func serialExecutor() async throws {
    for _ in 0..<50 {
      weak var gone: EventLoop?
      do {
        let loop = try EventLoop()
        gone = loop
        let executors = await withTaskGroup(of: EventLoopSerialExecutor.self) { tasks in
          for _ in 0..<8 { tasks.addTask { loop.serialExecutor } }
          return await tasks.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(executors.map(ObjectIdentifier.init)).count == 1)
      }
      // The last of the tasks may still be on its way out.
      for _ in 0..<100_000 where gone != nil { await Task.yield() }
      #expect(gone == nil)
    }
  }

  @Test("a job that never yields is reported by the watchdog")
  func watchdogReports() async throws {
    let group = try EventLoopGroup(count: 1, name: "stuck")
    defer { group.stop() }
    let stalls = Mutex<[Watchdog.Stall]>([])
    let watchdog = Watchdog(group, threshold: .milliseconds(20)) { stall in stalls.withLock { $0.append(stall) } }
    group.loops[0].execute { usleep(200_000) }
    try await Task.sleep(for: .milliseconds(300))
    let seen = stalls.withLock { $0 }
    withExtendedLifetime(watchdog) {}
    #expect(!seen.isEmpty)
    #expect(seen.allSatisfy { $0.loopName == "stuck-0" && $0.duration >= .milliseconds(20) })
    #expect(group.loops[0].statistics().longestTurn >= .milliseconds(200))
  }

  @Test("a job run at once has run when the call returns; asked for within a job it waits for its turn")
  func atOnce() async throws {
    let group = try EventLoopGroup(count: 1)
    defer { group.stop() }
    let loop = group.loops[0]
    let seen = SharedCounter()
    let outside: Int = await withCheckedContinuation { continuation in
      loop.execute {
        // Nothing but the first job is run ahead of its turn.
        loop.runAtOnce {
          for _ in 0..<3 { Task(executorPreference: loop) { seen.increment() } }
        }
        continuation.resume(returning: seen.value)
      }
    }
    #expect(outside == 1)
    let inside = await Task(executorPreference: loop) {
      let before = seen.value
      loop.runAtOnce { Task(executorPreference: loop) { seen.increment() } }
      return seen.value - before
    }.value
    #expect(inside == 0)
    await Task(executorPreference: loop) {}.value
    #expect(seen.value == 4)
  }

  @Test("a loop that has ended keeps nothing that is given to it, and nothing keeps the loop")
  func endedLoop() throws {
    final class Held: Sendable {
      let loop: EventLoop
      init(_ loop: EventLoop) { self.loop = loop }
    }
    weak var held: Held?
    weak var ended: EventLoop?
    try {
      let loop = try EventLoop()
      loop.start()
      loop.stop()
      let given = Held(loop)
      loop.execute { _ = given.loop.name }
      held = given
      ended = loop
    }()
    #expect(held == nil)
    #expect(ended == nil)
  }

  @Test("a job that never ends its own re-scheduling does not starve timers")
  func timersAreNotStarved() async throws {
    let group = try EventLoopGroup(count: 1)
    defer { group.stop() }
    let loop = group.loops[0]
    let busy = Task(executorPreference: loop) { while !Task.isCancelled { await Task.yield() } }
    let start = Instant.now()
    try await Task(executorPreference: loop) { try await loop.sleep(for: .milliseconds(10)) }.value
    busy.cancel()
    #expect(start.duration(to: .now()) < .seconds(2))
  }
}

final class SharedCounter: Sendable {
  private let count = Atomic<Int>(0)
  var value: Int { count.load(ordering: .relaxed) }
  func increment() { count.add(1, ordering: .relaxed) }
}

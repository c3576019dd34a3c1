import Testing

@testable import ServiceKit

@Suite("Waking a worker")
struct WorkerSignalTests {
  @Test("a wake-up before the wait, during it and a cancellation all end it; nothing else does before the time")
  func wakes() async {
    let signal = WorkerSignal()
    signal.wake()
    await signal.wait(for: .seconds(600))
    let waiting = Task { await signal.wait(for: .seconds(600)) }
    let waker = Task { while !Task.isCancelled { signal.wake(); await Task.yield() } }
    await waiting.value
    waker.cancel()
    await waker.value
    let other = WorkerSignal()
    let cancelled = Task { await other.wait(for: .seconds(600)) }
    cancelled.cancel()
    await cancelled.value
    let clock = ContinuousClock()
    let short = await clock.measure { await other.wait(for: .milliseconds(50)) }
    #expect(short >= .milliseconds(50))
  }

  @Test("however short the wait is, its end is not missed")
  func short() async {
    let signal = WorkerSignal()
    await withTaskGroup(of: Void.self) { tasks in
      for _ in 0..<8 {
        tasks.addTask { for _ in 0..<500 { await signal.wait(for: .nanoseconds(1)) } }
      }
    }
  }
}

import Glibc
import Foundation
import Reactor
import Testing

@Suite("The blocking pool")
struct BlockingPoolTests {
  @Test("refuses a job when its queue is full, and recovers")
  func bounded() async throws {
    let pool = BlockingPool(threads: 1, queueLimit: 2)
    let outcomes = await withTaskGroup(of: Bool.self) { tasks in
      for _ in 0..<10 {
        tasks.addTask {
          do {
            _ = try await pool.run { usleep(50_000) }
            return true
          } catch {
            guard case BlockingPoolError.queueFull = error else { return true }
            return false
          }
        }
      }
      return await tasks.reduce(into: []) { $0.append($1) }
    }
    #expect(outcomes.filter { $0 }.count >= 2)
    #expect(outcomes.filter { !$0 }.count >= 5)
    #expect(try await pool.run { 42 } == 42)
    pool.stop()
    await #expect(throws: BlockingPoolError.self) { try await pool.run { 1 } }
  }

  @Test("passes on what the job throws")
  func failures() async {
    struct Refused: Error {}
    let pool = BlockingPool(threads: 2, queueLimit: 8)
    await #expect(throws: Refused.self) { try await pool.run { throw Refused() } }
    pool.stop()
  }

  @Test("runs jobs side by side up to its number of threads")
  func parallel() async throws {
    let pool = BlockingPool(threads: 8, queueLimit: 64)
    let meeting = Meeting(of: 8)
    try await withThrowingTaskGroup(of: Bool.self) { tasks in
      // Each job waits for all the others: one thread fewer and none of them would end.
      for _ in 0..<8 { tasks.addTask { try await pool.run { meeting.arrive(patience: 30) } } }
      for try await hasMet in tasks { #expect(hasMet) }
    }
    pool.stop()
  }
}

/// Lets threads wait until a number of them is there.
// @unchecked Sendable: everything in it is touched under the lock only.
private final class Meeting: @unchecked Sendable {
  private let condition = NSCondition()
  private var missing: Int

  init(of count: Int) {
    missing = count
  }

  /// Answers false when the others did not come within `patience` seconds.
  func arrive(patience: Double) -> Bool {
    condition.lock()
    defer { condition.unlock() }
    missing -= 1
    condition.broadcast()
    let limit = Date(timeIntervalSinceNow: patience)
    while missing > 0 {
      if !condition.wait(until: limit) { return false }
    }
    return true
  }
}

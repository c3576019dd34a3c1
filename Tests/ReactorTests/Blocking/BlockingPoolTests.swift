import Glibc
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
    let start = Instant.now()
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for _ in 0..<8 { tasks.addTask { _ = try await pool.run { usleep(200_000) } } }
      try await tasks.waitForAll()
    }
    #expect(start.duration(to: .now()) < .milliseconds(1200))
    pool.stop()
  }
}

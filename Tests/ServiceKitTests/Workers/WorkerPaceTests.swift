import Testing

@testable import ServiceKit

@Suite("The pace of a worker")
struct WorkerPaceTests {
  @Test("work follows on work at once, idleness and another's turn wait the interval")
  func success() {
    var pace = WorkerPace(interval: .seconds(3))
    #expect(pace.wait(after: .finished(.didWork), chance: 0.5) == .zero)
    #expect(pace.wait(after: .finished(.idle), chance: 0.5) == .seconds(3))
    #expect(pace.wait(after: .elsewhere, chance: 0.5) == .seconds(3))
  }

  @Test("failures wait twice as long each time, up to a minute, and a success forgets them")
  func failures() {
    var pace = WorkerPace(interval: .seconds(1))
    let waits = (0..<10).map { _ in pace.wait(after: .failed, chance: 1) }
    #expect(
      waits == [0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60].map { Duration.seconds($0) })
    _ = pace.wait(after: .finished(.idle), chance: 1)
    #expect(pace.wait(after: .failed, chance: 1) == .milliseconds(500))
  }

  @Test("the wait after a failure is spread over its upper half", arguments: [0, 0.25, 1])
  func spread(_ chance: Double) {
    var pace = WorkerPace(interval: .seconds(1))
    let wait = pace.wait(after: .failed, chance: chance)
    #expect(wait == .milliseconds(250) + .milliseconds(250) * chance)
  }

  @Test("a message is tried twelve times, an hour apart at most")
  func outbox() {
    let delays = (1...12).map { OutboxPace.delay(after: $0) }
    #expect(delays.prefix(4) == [.seconds(1), .seconds(2), .seconds(4), .seconds(8)])
    #expect(delays[10] == .seconds(1024) && delays[11] == nil)
    #expect(delays.compactMap { $0 }.allSatisfy { $0 <= OutboxPace.longestDelay })
  }
}

import Reactor
import Testing

@Suite("The wait between attempts")
struct BackoffTests {
  @Test("doubles up to the maximum and begins anew after a success")
  func doubles() {
    var backoff = Backoff(initial: .milliseconds(100), maximum: .seconds(1))
    let waits = (0..<6).map { _ in backoff.failed(chance: 0.5) }
    #expect(waits == [100, 200, 400, 800, 1000, 1000].map { .milliseconds($0) })
    for _ in 0..<1000 { #expect(backoff.failed(chance: 0.5) == .seconds(1)) }
    backoff.succeeded()
    #expect(backoff.failed(chance: 0.5) == .milliseconds(100))
  }

  @Test("is spread by a fifth either way")
  func spread() {
    for (chance, milliseconds) in [(0.0, 80.0), (0.25, 90.0), (1.0, 120.0)] {
      var backoff = Backoff(initial: .milliseconds(100), maximum: .seconds(1))
      #expect(abs(backoff.failed(chance: chance) / .milliseconds(1) - milliseconds) < 0.001)
    }
  }
}

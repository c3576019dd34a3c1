import Testing

@testable import RPC

private final class Caller {
  let number: Int
  var waits = true
  init(_ number: Int) { self.number = number }
}

@Suite("Calls that wait for a connection")
struct WaitingCallsTests {
  @Test("are served in order, those that gave up passed over")
  func order() {
    var queue = WaitingCalls<Caller>()
    let callers = (0..<500).map { Caller($0) }
    for caller in callers { queue.append(caller) }
    for caller in callers where caller.number % 3 != 0 {
      caller.waits = false
      queue.left { $0.waits }
    }
    #expect(queue.count == 167)
    var served: [Int] = []
    while let next = queue.popFirst(isWaiting: { $0.waits }) { served.append(next.number) }
    #expect(served == (0..<500).filter { $0 % 3 == 0 })
    #expect(queue.isEmpty && queue.placeCount == 0)
  }

  @Test("what has left is not held for long, also behind one that waits for ever")
  func bounded() {
    var queue = WaitingCalls<Caller>()
    queue.append(Caller(0))
    for number in 1...100_000 {
      let caller = Caller(number)
      queue.append(caller)
      caller.waits = false
      queue.left { $0.waits }
      #expect(queue.count == 1)
      #expect(queue.placeCount <= 40)
    }
    let first = queue.popFirst { $0.waits }
    #expect(first?.number == 0)
  }

  @Test("one that is put back is the first again; all that wait can be taken")
  func putBack() {
    var queue = WaitingCalls<Caller>()
    let callers = (0..<5).map { Caller($0) }
    for caller in callers { queue.append(caller) }
    if let first = queue.popFirst(isWaiting: { $0.waits }) { queue.prepend(first) }
    callers[2].waits = false
    queue.left { $0.waits }
    let all = queue.popAll { $0.waits }
    #expect(all.map(\.number) == [0, 1, 3, 4])
    #expect(queue.isEmpty)
  }
}

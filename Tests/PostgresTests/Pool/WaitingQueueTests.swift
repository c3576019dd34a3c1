import Testing

@testable import Postgres

@Suite("The waiting queue")
struct WaitingQueueTests {
  @Test("behaves like an array, whoever comes and leaves", arguments: 1...20)
  func likeAnArray(seed: UInt64) {
    var random = SeededRandom(seed)
    var queue = WaitingQueue<Int>()
    var model: [Int] = []
    for number in 0..<2_000 {
      switch random.below(6) {
      case 0, 1:
        queue.append(number)
        model.append(number)
      case 2:
        queue.prepend(number)
        model.insert(number, at: 0)
      case 3:
        let taken = queue.popFirst()
        #expect(taken == model.first)
        if !model.isEmpty { model.removeFirst() }
      default:
        let one = model.isEmpty ? -1 : model[random.below(model.count)]
        let wasThere = queue.remove(one)
        #expect(wasThere == model.contains(one))
        model.removeAll { $0 == one }
      }
      #expect(queue.count == model.count)
      #expect(queue.first == model.first)
      #expect(queue.isEmpty == model.isEmpty)
    }
    let rest = queue.removeAll()
    #expect(rest == model)
    #expect(queue.isEmpty)
  }

  @Test("what has left takes no room: places are used again")
  func room() {
    var queue = WaitingQueue<Int>()
    queue.append(-1)
    for number in 0..<10_000 {
      queue.append(number)
      queue.remove(number)
    }
    #expect(queue.count == 1)
    #expect(queue.room <= 2)
  }
}

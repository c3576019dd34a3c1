import Testing

@testable import Edge

@Suite("Requests of one HTTP/1.1 connection")
struct PipelinedRequestsTests {
  typealias Requests = PipelinedRequests<String, String>

  /// Begins whatever may begin now.
  private static func begin(_ requests: inout Requests) -> [String] {
    var begun: [String] = []
    while let (_, request) = requests.begin() { begun.append(request) }
    return begun
  }

  @Test("safe ones are answered side by side, an unsafe one alone")
  func order() {
    var requests = Requests()
    for (name, isSafe) in [("get", true), ("head", true), ("patch", false), ("get after", true)] {
      requests.arrive(name, isSafe: isSafe)
    }
    #expect(Self.begin(&requests) == ["get", "head"])
    requests.finish(1, "b")
    #expect(Self.begin(&requests).isEmpty && requests.next() == nil)
    requests.finish(0, "a")
    #expect(requests.next().map { "\($0)" } == "(request: \"get\", answer: \"a\")")
    #expect(requests.next().map { "\($0)" } == "(request: \"head\", answer: \"b\")")
    #expect(Self.begin(&requests) == ["patch"])
    #expect(Self.begin(&requests).isEmpty)
    requests.finish(2, "c")
    #expect(Self.begin(&requests) == ["get after"])
  }

  @Test("one that was answered as it arrived waits for those before it and for nothing else")
  func answered() {
    var requests = Requests()
    requests.arrive("patch", isSafe: false)
    requests.arrive("broken", answered: "400")
    #expect(Self.begin(&requests) == ["patch"])
    #expect(requests.next() == nil)
    requests.finish(0, "200")
    #expect(requests.next()?.answer == "200" && requests.next()?.answer == "400" && requests.isEmpty)
  }

  @Test("what is forgotten is answered by nobody")
  func forgotten() {
    var requests = Requests()
    requests.arrive("a", isSafe: true)
    requests.arrive("b", isSafe: false)
    _ = Self.begin(&requests)
    #expect(requests.removeAll() == ["a"])
    requests.finish(0, "late")
    #expect(requests.isEmpty && requests.next() == nil)
    requests.arrive("c", isSafe: false)
    let next = requests.begin()
    #expect(next?.request == "c")
    requests.finish(next?.number ?? 0, "answer")
    #expect(requests.next()?.answer == "answer")
  }

  @Test("in any course of events, answers keep the order and nothing runs beside an unsafe one", arguments: 0..<200)
  func courses(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var requests = Requests()
    var isSafe: [Bool] = []
    var running: Set<Int> = []
    var written = 0
    for _ in 0..<200 {
      switch Int.random(in: 0..<4, using: &generator) {
      case 0:
        isSafe.append(Bool.random(using: &generator))
        requests.arrive("\(isSafe.count - 1)", isSafe: isSafe[isSafe.count - 1])
      case 1:
        if let number = running.sorted().randomElement(using: &generator) {
          running.remove(number)
          requests.finish(number, "\(number)")
        }
      case 2:
        while let (request, answer) = requests.next() {
          #expect(request == "\(written)" && answer == request)
          written += 1
        }
      default: break
      }
      while let (number, request) = requests.begin() {
        #expect(request == "\(number)")
        running.insert(number)
        #expect(running.count == 1 || running.allSatisfy { isSafe[$0] }, "running: \(running)")
      }
      // Whoever waits has a reason to.
      #expect(!running.isEmpty || requests.count == isSafe.count - written)
    }
  }
}

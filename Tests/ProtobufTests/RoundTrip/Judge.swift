import Foundation
import TestSupport

/// Google's Python implementation, asked about many cases at once.
struct Judge {
  enum Question: String { case messages, texts, bytes, rules }

  struct Failed: Error { let error: String }

  static func ask(_ question: Question, _ records: [[UInt8]]) throws -> [[UInt8]] {
    var input: [UInt8] = []
    for record in records {
      for shift in [24, 16, 8, 0] { input.append(UInt8(truncatingIfNeeded: record.count >> shift)) }
      input.append(contentsOf: record)
    }
    let tests = TestEnvironment.root.appending(path: "Tests/ProtobufTests")
    let result = try runProcess(
      TestEnvironment.python,
      [tests.appending(path: "Python/judge.py").path, tests.appending(path: "Proto").path, question.rawValue],
      input: input)
    guard result.status == 0 else { throw Failed(error: result.errorText) }
    var answers: [[UInt8]] = []
    var rest = result.output[...]
    while rest.count >= 4 {
      let count = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
      answers.append(Array(rest.dropFirst(4).prefix(count)))
      rest = rest.dropFirst(4 + count)
    }
    return answers
  }
}

/// SplitMix64: a failing case is its seed.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

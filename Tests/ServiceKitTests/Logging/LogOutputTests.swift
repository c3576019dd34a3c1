import Foundation
import Testing
import TestSupport

@testable import ServiceKit

@Suite("Where log lines go")
struct LogOutputTests {
  private func line(_ number: Int) -> [UInt8] {
    Array("{\"line\":\(number),\"x\":\"\(String(repeating: "y", count: 100))\"}\n".utf8)
  }

  private func numbers(_ bytes: [UInt8]) throws -> [Int] {
    try bytes.split(separator: UInt8(ascii: "\n")).map { line in
      let object = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
      return try #require(object?["line"] as? Int)
    }
  }

  @Test("a pipe that nobody reads makes nobody wait; what it took and what was kept arrives whole, the rest is counted")
  func unread() throws {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    let output = LogOutput(descriptor: ends[1])
    // Several times of what the pipe and the memory hold.
    let count = 10_000
    for number in 0..<count { output.write(line(number)) }
    #expect(output.lostLines > 0)
    var received: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
    while true {
      let got = read(ends[0], &chunk, chunk.count)
      if got > 0 {
        received += chunk[..<got]
        continue
      }
      // The next line takes along what was kept.
      let before = received.count
      output.write(line(count))
      let more = read(ends[0], &chunk, chunk.count)
      if more > 0 { received += chunk[..<more] }
      if received.count - before <= line(count).count { break }
    }
    let seen = try numbers(received)
    let first = seen.filter { $0 < count }
    #expect(first == Array(0..<first.count))
    #expect(UInt64(count - first.count) == output.lostLines)
    close(ends[0])
    close(ends[1])
  }

  @Test("a disk that is full cuts a line; the next one is whole all the same")
  func fullDisk() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/log"
    let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    // A file that may not grow stands for the disk: a write past its bound is cut, the next one fails.
    var old = rlimit()
    getrlimit(__rlimit_resource_t(1), &old)
    signal(SIGXFSZ, SIG_IGN)
    var bound = rlimit(rlim_cur: rlim_t(line(0).count * 2 + 20), rlim_max: old.rlim_max)
    let output = LogOutput(descriptor: descriptor)
    setrlimit(__rlimit_resource_t(1), &bound)
    for number in 0..<5 { output.write(line(number)) }
    setrlimit(__rlimit_resource_t(1), &old)
    output.write(line(9))
    close(descriptor)
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 4)
    #expect(try numbers(Array("\(lines[0])\n\(lines[1])\n\(lines[3])\n".utf8)) == [0, 1, 9])
    #expect(output.lostLines == 3)
  }

  @Test("nobody at the other end is no reason to wait or to fail")
  func gone() throws {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    signal(SIGPIPE, SIG_IGN)
    close(ends[0])
    let output = LogOutput(descriptor: ends[1])
    output.write(line(0))
    #expect(output.lostLines == 1)
    close(ends[1])
  }
}

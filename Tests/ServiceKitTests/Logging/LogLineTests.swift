import Foundation
import Glibc
import Logging
import Testing
import TestSupport

@testable import ServiceKit

@Suite("Log lines")
struct LogLineTests {
  private func parsed(_ bytes: [UInt8]) throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
  }

  @Test("a line is one JSON object, whatever stands in its values")
  func escaping() throws {
    let nasty = "quote \" backslash \\ newline \n tab \t bell \u{7} del \u{7f} ünï 🙂 {}"
    var line = LogLine(time: WallTime(microseconds: 1_700_000_000_123_456), level: "info")
    line.add("message", nasty)
    line.add(dynamic: "na\"me", "value")
    line.add("duration_us", 1_234_567)
    let bytes = line.finished()
    #expect(bytes.last == 0x0A)
    #expect(bytes.dropLast().allSatisfy { $0 >= 0x20 && $0 != 0x7F })
    let object = try parsed(bytes)
    #expect(object["time"] as? String == "2023-11-14T22:13:20.123Z")
    #expect(object["level"] as? String == "info")
    #expect(object["message"] as? String == nasty)
    #expect(object["na\"me"] as? String == "value")
    #expect(object["duration_us"] as? Int == 1_234_567)
  }

  @Test("a long value is cut between characters")
  func cut() throws {
    var line = LogLine(time: WallTime(seconds: 0), level: "info")
    line.add("message", String(repeating: "ü", count: 5000))
    let text = try #require(parsed(line.finished())["message"] as? String)
    #expect(text.utf8.count <= LogLine.longestValue + 4)
    #expect(text.allSatisfy { $0 == "ü" })
  }

  @Test("swift-log's messages become such lines, of an error only its type")
  func handler() throws {
    struct Secretive: Error { let password = "hunter2" }
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    let logger = Logger(label: "test") { _ in
      JSONLogHandler(service: "auth", output: LogOutput(descriptor: ends[1]))
    }
    logger.info("hello", metadata: ["port": "1"])
    logger.debug("not at this level")
    logger.error("oh", error: Secretive())
    close(ends[1])
    var content = [UInt8](repeating: 0, count: 4096)
    let count = read(ends[0], &content, content.count)
    close(ends[0])
    let lines = String(decoding: content.prefix(count), as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 2)
    let first = try parsed(Array(lines[0].utf8))
    #expect(first["message"] as? String == "hello")
    #expect(first["service"] as? String == "auth")
    #expect(first["port"] as? String == "1")
    #expect(!lines[1].contains("hunter2"))
    #expect(lines[1].contains("Secretive"))
  }

  @Test(
    "the calendar is right at its corners",
    arguments: [
      (Int64(0), 1970, 1, 1), (951_782_400, 2000, 2, 29), (4_107_542_400, 2100, 3, 1), (-1, 1969, 12, 31),
      (-62_135_596_800, 1, 1, 1), (253_402_300_799, 9999, 12, 31),
    ])
  func calendar(_ seconds: Int64, _ year: Int, _ month: Int, _ day: Int) {
    let civil = CivilTime(WallTime(seconds: seconds))
    #expect(civil.year == year)
    #expect(civil.month == month)
    #expect(civil.day == day)
  }
}

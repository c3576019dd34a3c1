import Glibc
import Reactor
import ServiceKit
import Testing

@testable import Edge

@Suite("The access log")
struct AccessLogTests {
  private let now = Array("2025-11-24T10:30:00Z".utf8)

  private var record: AccessRecord {
    var record = AccessRecord()
    record.requestID = Array("r-1".utf8)
    record.route = "/api/billing/subscriptions/{id}"
    record.status = 404
    record.duration = .microseconds(1234)
    record.responseBytes = 99
    record.tenant = "t"
    record.subject = "u"
    record.errorCode = "NOT_FOUND"
    return record
  }

  @Test("has one JSON line a request, with what is listed and nothing else")
  func line() {
    var line: [UInt8] = []
    line.append(record, timestamp: now)
    #expect(
      String(decoding: line, as: UTF8.self)
        == #"{"time":"2025-11-24T10:30:00Z","level":"info","service":"edge","message":"request","request_id":"r-1","method":"GET","route":"/api/billing/subscriptions/{id}","status":404,"duration_us":1234,"bytes":99,"tenant":"t","user":"u","error":"NOT_FOUND"}"#
        + "\n")
  }

  @Test("writes a turn's lines together, whole lines in pieces that pipes take at once")
  func pieces() async throws {
    let group = try EventLoopGroup(count: 1, name: "log-test")
    defer { group.stop() }
    let loop = group.loops[0]
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    let (record, now, output) = (record, now, ends[1])
    await withCheckedContinuation { done in
      loop.execute {
        let log = AccessLog(loop: loop, output: LogOutput(descriptor: output))
        for _ in 0..<100 { log.write(record, timestamp: now) }
        loop.execute { done.resume() }
      }
    }
    await withCheckedContinuation { done in loop.execute { done.resume() } }
    close(ends[1])
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while case let count = read(ends[0], &buffer, buffer.count), count > 0 { text += buffer.prefix(count) }
    close(ends[0])
    let lines = text.split(separator: 0x0A)
    #expect(lines.count == 100)
    #expect(lines.allSatisfy { $0.first == 0x7B && $0.last == 0x7D })
  }

  @Test(
    "the level tells whose fault it was",
    arguments: [(200, "info"), (400, "info"), (429, "info"), (499, "info"), (500, "error"), (503, "warning")])
  func level(_ status: Int, _ expected: String) {
    var record = AccessRecord()
    record.status = status
    var line: [UInt8] = []
    line.append(record, timestamp: [])
    #expect(String(decoding: line, as: UTF8.self).contains("\"level\":\"\(expected)\""))
  }

  @Test("what anybody can cause is told a few times a second, and how often it was not")
  func sampling() {
    var budget = LineBudget(perSecond: 2)
    #expect((0..<5).map { _ in budget.take(second: 1) } == [0, 0, nil, nil, nil])
    #expect((0..<3).map { _ in budget.take(second: 2) } == [3, 0, nil])
    #expect(budget.take(second: 3) == 1)
  }

  @Test("a reader that reads nothing stops nobody")
  func unread() async throws {
    var ends: [Int32] = [-1, -1]
    try #require(pipe(&ends) == 0)
    defer { for end in ends { close(end) } }
    let writeEnd = ends[1]
    try await withEdge(adjusting: { $0.logsRequests = true }, logDescriptor: writeEnd) { edge in
      // More lines than the pipe takes.
      let client = try RawClient(port: edge.port)
      for _ in 0..<1000 {
        client.send("GET /health HTTP/1.1\r\nhost: edge\r\n\r\n")
        #expect(try client.readAnswer().status == 200)
      }
    }
  }
}

import Glibc
import Reactor
import Synchronization
import TestSupport
import Testing

@testable import Edge

@Suite("An HTTP/1.1 connection")
struct HTTP1ConnectionTests {
  private let plain = " HTTP/1.1\r\nHost: a\r\n\r\n"

  @Test("is kept alive, and says the date and the length")
  func keepAlive() async throws {
    let live = try await LiveConnections()
    let client = try RawClient(port: live.port)
    for path in ["/a", "/b", "/c"] {
      client.send("GET \(path)\(plain)")
      let answer = try client.readAnswer()
      #expect(answer.statusLine == "HTTP/1.1 200 OK")
      #expect(answer.body == "GET \(path)")
      #expect(answer.fields["connection"] == nil)
      #expect(answer.fields["date"]?.hasSuffix(" GMT") == true)
      #expect(answer.fields["content-type"] == "application/json; charset=utf-8")
      #expect(answer.fields["x-content-type-options"] == "nosniff")
    }
  }

  @Test("answers pipelined requests in their order, although later ones are ready first")
  func pipelining() async throws {
    let live = try await LiveConnections()
    let client = try RawClient(port: live.port)
    client.send((0..<10).map { "GET /\($0)?wait=\(100 - 10 * $0)\(plain)" }.joined())
    for number in 0..<10 { #expect(try client.readAnswer().body == "GET /\(number)") }
  }

  @Test("holds back requests past the limit and still answers all of them")
  func pipelineLimit() async throws {
    var limits = EdgeLimits()
    limits.pipelinedRequests = 3
    let live = try await LiveConnections(limits: limits)
    let client = try RawClient(port: live.port)
    let body = String(repeating: "x", count: 100_000)
    var input = ""
    for number in 0..<20 {
      input += "POST /\(number)?wait=2 HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n\(body)"
    }
    client.send(input)
    for number in 0..<20 { #expect(try client.readAnswer().body == "POST /\(number) 100000") }
  }

  @Test("answers HEAD with the length and no body")
  func head() async throws {
    let live = try await LiveConnections()
    let client = try RawClient(port: live.port)
    client.send("HEAD /a\(plain)GET /b\(plain)")
    let answer = try client.readAnswer(toHead: true)
    #expect(answer.fields["content-length"] == "7")
    #expect(try client.readAnswer().body == "GET /b")
  }

  @Test("says 100 Continue before the body, and after the answers that come first")
  func continues() async throws {
    let live = try await LiveConnections()
    let client = try RawClient(port: live.port)
    client.send("GET /first?wait=50\(plain)")
    client.send("POST /b HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    #expect(try client.readAnswer().body == "GET /first")
    #expect(try client.readAnswer(toHead: true).status == 100)
    client.send("ok")
    #expect(try client.readAnswer().body == "POST /b 2")
  }

  @Test("closes when asked to, after the answer")
  func close() async throws {
    let live = try await LiveConnections()
    let client = try RawClient(port: live.port)
    client.send("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /never\(plain)")
    let answer = try client.readAnswer()
    #expect(answer.fields["connection"] == "close")
    #expect(try client.readToEnd() == "")
  }

  @Test("closes after HTTP/1.0")
  func version10() async throws {
    let live = try await LiveConnections()
    let client = try RawClient(port: live.port)
    client.send("GET /a HTTP/1.0\r\n\r\n")
    #expect(try client.readToEnd().hasSuffix("\r\n\r\nGET /a"))
  }

  @Test("answers what came before a refused request, then the refusal, then closes")
  func refusal() async throws {
    let live = try await LiveConnections()
    let client = try RawClient(port: live.port)
    client.send("GET /a?wait=30\(plain)GET /b\n\nGET /never\(plain)")
    #expect(try client.readAnswer().body == "GET /a")
    let refusal = try client.readAnswer()
    #expect(refusal.status == 400)
    #expect(refusal.fields["connection"] == "close")
    #expect(refusal.body.contains("\"code\":\"BAD_REQUEST\""))
    #expect(try client.readToEnd() == "")
  }

  @Test("refuses a body that is too large before it is sent, and the answer survives the sending")
  func tooLarge() async throws {
    let live = try await LiveConnections()
    let client = try RawClient(port: live.port)
    client.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n")
    client.send([UInt8](repeating: 0x78, count: 3_000_000))
    #expect(try client.readAnswer().status == 413)
  }

  @Test("answers 408 when the head drips in too slowly")
  func drip() async throws {
    var limits = EdgeLimits()
    limits.headTimeout = .milliseconds(150)
    let live = try await LiveConnections(limits: limits)
    let client = try RawClient(port: live.port)
    client.send("GET /a\(plain)GET")
    #expect(try client.readAnswer().status == 200)
    client.send(" /b HTTP/1.1\r\nHost: a\r\nX: ")
    #expect(try client.readAnswer().status == 408)
    #expect(try client.readToEnd() == "")
  }

  @Test("answers 408 when the body does not come")
  func slowBody() async throws {
    var limits = EdgeLimits()
    limits.bodyTimeout = .milliseconds(100)
    let live = try await LiveConnections(limits: limits)
    let client = try RawClient(port: live.port)
    client.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
    #expect(try client.readAnswer().status == 408)
  }

  @Test("answers 400 when the client ends in the middle of a request")
  func truncated() async throws {
    let live = try await LiveConnections()
    let client = try RawClient(port: live.port)
    client.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
    client.endOutput()
    #expect(try client.readAnswer().status == 400)
    #expect(try client.readToEnd() == "")
  }

  @Test("still answers a client that has ended its side")
  func halfClosed() async throws {
    let live = try await LiveConnections()
    let client = try RawClient(port: live.port)
    client.send("GET /a?wait=30\(plain)GET /b\(plain)")
    client.endOutput()
    #expect(try client.readAnswer().body == "GET /a")
    #expect(try client.readAnswer().body == "GET /b")
    #expect(try client.readToEnd() == "")
  }

  @Test("a request waits for an unsafe one before it, although both came in one segment")
  func unsafeFirst() async throws {
    let live = try await LiveConnections()
    let client = try RawClient(port: live.port)
    client.send("GET /a\(plain)PATCH /b?hold\(plain)GET /c\(plain)")
    await live.untilHolding()
    #expect(try client.readAnswer().body == "GET /a")
    #expect(await live.begun == ["GET /a", "PATCH /b"])
    await live.release()
    #expect(try client.readAnswer().body == "PATCH /b")
    #expect(try client.readAnswer().body == "GET /c")
  }

  @Test("an answer that needs no body does not wait for it", arguments: ["", "Expect: 100-continue\r\n"])
  func beforeBody(_ expect: String) async throws {
    let live = try await LiveConnections()
    let client = try RawClient(port: live.port)
    client.send("POST /a?ignore HTTP/1.1\r\nHost: a\r\n\(expect)Content-Length: 1000000\r\n\r\n")
    let answer = try client.readAnswer()
    #expect(answer.body == "POST /a" && answer.fields["connection"] == "close")
    // What is still sent is not taken for a request.
    client.send("GET /never\(plain)")
    client.endOutput()
    #expect(try client.readToEnd() == "")
  }

  @Test("the short rest of a body nobody wanted is thrown away, and the connection used again")
  func shortRest() async throws {
    let live = try await LiveConnections()
    let client = try RawClient(port: live.port)
    client.send("POST /a?ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 19\r\n\r\nGET")
    let answer = try client.readAnswer()
    #expect(answer.body == "POST /a" && answer.fields["connection"] == nil)
    client.send(" /a HTTP/1.1\r\n\r\nGET /b\(plain)")
    #expect(try client.readAnswer().body == "GET /b")
  }

  @Test("a body that nobody wants yet is read when somebody does")
  func unwanted() async throws {
    let live = try await LiveConnections()
    let client = try RawClient(port: live.port)
    client.send("PATCH /a?hold\(plain)POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
    await live.untilHolding()
    client.send([UInt8](repeating: 0x78, count: 100_000))
    await live.release()
    #expect(try client.readAnswer().body == "PATCH /a")
    #expect(try client.readAnswer().body == "POST /b 100000")
  }

  @Test(
    "a peer that takes no answer is cut off in time, whether it asks for more or not",
    arguments: ["", "Connection: close\r\n"])
  func unread(_ field: String) async throws {
    var limits = EdgeLimits()
    limits.answerTimeout = .milliseconds(100)
    let live = try await LiveConnections(limits: limits)
    let client = try RawClient(port: live.port)
    // More than the sockets' buffers take.
    client.send("GET /large?bytes=15000000 HTTP/1.1\r\nHost: a\r\n\(field)\r\n")
    await live.untilOpen(1)
    await live.untilOpen(0)
    withExtendedLifetime(client) {}
  }

  @Test("the pace of a peer is kept by what it takes, not by what waits")
  func pace() {
    var pace = OutputPace()
    pace.wrote(1000)
    pace.begin(waiting: 900)
    #expect(!pace.isKept(waiting: 900, least: 100) && !pace.isKept(waiting: 801, least: 100))
    #expect(pace.isKept(waiting: 800, least: 100) && pace.isKept(waiting: 0, least: 1_000_000))
    // More was written, nothing was taken.
    pace.wrote(5000)
    #expect(!pace.isKept(waiting: 5900, least: 100))
  }

  @Test("is closed without a word when idle, before and after a request")
  func idle() async throws {
    var limits = EdgeLimits()
    limits.idleTimeout = .milliseconds(100)
    let live = try await LiveConnections(limits: limits)
    let silent = try RawClient(port: live.port)
    let used = try RawClient(port: live.port)
    used.send("GET /a\(plain)")
    #expect(try used.readAnswer().status == 200)
    #expect(try silent.readToEnd() == "")
    #expect(try used.readToEnd() == "")
    #expect(await live.onLoop { $0.openConnections } == 0)
  }

  @Test("waits for a slow answer longer than for a request")
  func slowAnswer() async throws {
    var limits = EdgeLimits()
    limits.idleTimeout = .milliseconds(50)
    limits.headTimeout = .milliseconds(50)
    let live = try await LiveConnections(limits: limits)
    let client = try RawClient(port: live.port)
    client.send("GET /a?wait=200\(plain)")
    #expect(try client.readAnswer().body == "GET /a")
  }

  @Test("drains: idle ones close, busy ones answer first and say so")
  func drain() async throws {
    let live = try await LiveConnections()
    let idle = try RawClient(port: live.port)
    idle.send("GET /a\(plain)")
    _ = try idle.readAnswer()
    let busy = try RawClient(port: live.port)
    busy.send("GET /a?hold\(plain)")
    await live.untilHolding()
    await live.onLoop { $0.beginDrain() }
    #expect(try idle.readToEnd() == "")
    await live.release()
    let answer = try busy.readAnswer()
    #expect(answer.fields["connection"] == "close")
    #expect(try busy.readToEnd() == "")
    #expect(throws: RawClient.Failure.self) { try RawClient(port: live.port) }
  }

  @Test("drains: who waits to be let in is let in and answered")
  func drainOfWaiting() async throws {
    let live = try await LiveConnections()
    let gate = Gate()
    live.begin { edge in
      gate.pass()
      edge.beginDrain()
    }
    await gate.arrival()
    // The loop is busy, so the kernel completes these connections and nobody has accepted them yet.
    let clients = try (0..<10).map { _ in try RawClient(port: live.port) }
    for client in clients { client.send("GET /a\(plain)") }
    gate.open()
    for client in clients {
      let answer = try client.readAnswer()
      #expect(answer.body == "GET /a")
      #expect(answer.fields["connection"] == "close")
      #expect(try client.readToEnd() == "")
    }
  }

  @Test("costs at most 8 KiB when idle")
  func idleMemory() async throws {
    guard try OwnProcess.isRunning("HTTP1ConnectionTests/idleMemory") else { return }
    let live = try await LiveConnections()
    let count = 400
    var clients: [RawClient] = []
    func open() throws {
      let client = try RawClient(port: live.port)
      client.send("GET /a\(plain)")
      _ = try client.readAnswer()
      clients.append(client)
    }
    for _ in 0..<50 { try open() }
    let before = OwnProcess.residentByteCount
    for _ in 0..<count { try open() }
    let each = (OwnProcess.residentByteCount - before) / count
    // The clients of this test live in the same process and are counted too.
    #expect(each <= 8192, "\(each) bytes")
  }
}

/// Keeps a loop's thread waiting until it is opened.
private final class Gate: Sendable {
  private let isReached = Atomic<Bool>(false)
  private let isOpen = Atomic<Bool>(false)

  func pass() {
    isReached.store(true, ordering: .releasing)
    while !isOpen.load(ordering: .acquiring) { usleep(100) }
  }

  func arrival() async {
    while !isReached.load(ordering: .acquiring) { await Task.yield() }
  }

  func open() { isOpen.store(true, ordering: .releasing) }
}

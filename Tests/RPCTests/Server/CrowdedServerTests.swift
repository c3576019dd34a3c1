import Foundation
import RPC
import Reactor
import TestSupport
import Testing

/// A child process that answers each line it is told with one line.
private final class Answering {
  private let process: ChildProcess
  private let input = Pipe()
  private let output = Pipe()
  let errors: URL
  private var pending = Data()

  init(_ executable: String, _ arguments: [String], in directory: TemporaryDirectory) throws {
    errors = directory.url.appending(path: UUID().uuidString)
    try Data().write(to: errors)
    process = try ChildProcess(
      executable, arguments, input: input.fileHandleForReading, output: output.fileHandleForWriting,
      error: FileHandle(forWritingTo: errors))
    try output.fileHandleForWriting.close()
  }

  var identifier: pid_t { process.identifier }

  func line() throws -> String {
    while true {
      if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
        defer { pending = Data(pending[(end + 1)...]) }
        return String(decoding: pending[..<end], as: UTF8.self)
      }
      let more = output.fileHandleForReading.availableData
      guard !more.isEmpty else { throw RPCError.unavailable("the child has ended") }
      pending += more
    }
  }

  func ask(_ question: String) throws -> String {
    try input.fileHandleForWriting.write(contentsOf: Data((question + "\n").utf8))
    return try line()
  }

  func numbers(_ question: String) throws -> [Int] { try ask(question).split(separator: " ").compactMap { Int($0) } }

  func stop() {
    try? input.fileHandleForWriting.close()
    process.send(SIGKILL)
    process.wait()
  }
}

/// A server in a process of its own, and a process that connects to it.
private final class CrowdedServer {
  let server: Answering
  let crowd: Answering
  private let directory: TemporaryDirectory
  private let address: SocketAddress

  /// - Parameter descriptors: the server's limit of open files; as many as this user may have when nil.
  init(descriptors: Int?) throws {
    directory = try TemporaryDirectory()
    let limit = descriptors.map(String.init) ?? "$(ulimit -Hn)"
    server = try Answering(
      "/bin/sh", ["-c", "ulimit -n \(limit); exec \(TestEnvironment.product("ServerUnderTest"))"], in: directory)
    let port = try server.line()
    address = try SocketAddress(host: "127.0.0.1", port: UInt16(port) ?? 0)
    crowd = try Answering(
      TestEnvironment.python, [TestEnvironment.root.appending(path: "Tests/RPCTests/Python/crowd.py").path, port],
      in: directory)
  }

  func stop() {
    crowd.stop()
    server.stop()
  }

  /// A call on a connection of its own.
  func isHealthy() async throws -> Bool {
    let group = try EventLoopGroup(count: 1)
    defer { group.stop() }
    let channel = Channel(target: [address], group: group)
    var options = CallOptions()
    options.deadline = .after(.seconds(10))
    let reply = try await channel.unaryBytes(path: "/grpc.health.v1.Health/Check", message: [], options: options)
    await channel.close()
    // HealthCheckResponse with status SERVING.
    return reply.message == [8, 1]
  }

  var openDescriptors: Int {
    ((try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(server.identifier)/fd")) ?? []).count
  }

  var residentKilobytes: Int {
    let status = (try? String(contentsOfFile: "/proc/\(server.identifier)/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    return line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) } ?? 0
  }
}

@Suite("A server with more connections than it can hold", .serialized)
struct CrowdedServerTests {
  @Test("and 256 descriptors: 600 idle ones make room for each other, callers are served, other services reached")
  func fewDescriptors() async throws {
    let world = try CrowdedServer(descriptors: 256)
    defer { world.stop() }
    #expect(try world.crowd.ask("600") == "open")
    #expect(try await world.isHealthy())
    // A connection that has to go is told first and closed a moment later.
    var figures = try world.server.numbers("connections")
    for _ in 0..<200 where figures[2] < 600 - figures[1] {
      try await Task.sleep(for: .milliseconds(50))
      figures = try world.server.numbers("connections")
    }
    let (open, maximum, closedIdle, refused, exhaustions) = (figures[0], figures[1], figures[2], figures[3], figures[4])
    #expect((100...(256 - 64)).contains(maximum))
    #expect(open <= maximum)
    #expect(closedIdle >= 600 - maximum)
    #expect(refused == 0)
    #expect(exhaustions == 0)
    #expect(world.openDescriptors < 256 - 32)
    var state = try world.crowd.numbers("state")
    for _ in 0..<200 where state[0] > maximum {
      try await Task.sleep(for: .milliseconds(50))
      state = try world.crowd.numbers("state")
    }
    #expect(state[0] <= maximum)
    // Each that was closed had been told which of its requests were seen: none.
    #expect(state[1] == 600 - state[0])

    // Another service that was away is reached as soon as it is there.
    let port = freePort()
    #expect(try world.server.ask("reach \(port)").contains("refused"))
    let group = try EventLoopGroup(count: 1)
    defer { group.stop() }
    let other = Server(services: [], group: group)
    _ = try await other.start(on: try SocketAddress(host: "127.0.0.1", port: port))
    #expect(try world.server.ask("reach \(port)") == "reached")

    // At most one line in ten seconds.
    let log = try String(contentsOf: world.server.errors, encoding: .utf8).split(separator: "\n")
    #expect((1...3).contains(log.count))
    #expect(log.first?.contains("of \(maximum) open") == true && log.first?.contains("ulimit -n") == true)
  }

  @Test("12,000 connections cost 20 KiB each at most, and leave no memory behind when they have gone")
  func memory() async throws {
    let world = try CrowdedServer(descriptors: nil)
    defer { world.stop() }
    #expect(try world.crowd.ask("100") == "open")
    #expect(try world.crowd.ask("close") == "closed")
    #expect(try await world.isHealthy())
    let count = min(12_000, try world.server.numbers("connections")[1] - 100)
    let before = world.residentKilobytes
    for _ in 0..<2 {
      #expect(try world.crowd.ask("\(count)") == "open")
      #expect(try await world.isHealthy())
      // An idle connection costs 16 KiB, nearly all of it the engine's.
      let perConnection = (world.residentKilobytes - before) / count
      #expect((8...20).contains(perConnection))
      #expect(try world.crowd.ask("close") == "closed")
      for _ in 0..<600 where world.residentKilobytes > before + 16 * 1024 {
        try await Task.sleep(for: .milliseconds(50))
      }
      #expect(world.residentKilobytes <= before + 16 * 1024)
      #expect(try world.server.numbers("connections")[0] == 0)
    }
  }
}

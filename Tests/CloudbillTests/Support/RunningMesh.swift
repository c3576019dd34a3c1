import Foundation
import Synchronization
import TestSupport

/// A `cloudbill up` of the built program, on ports and in a data directory of its own.
///
/// It runs below a shell that waits for its standard input to end: when the test process goes, however it goes, the mesh is stopped.
final class RunningMesh: Sendable {
  let data: String
  let basePort: UInt16
  /// Everything it printed.
  let output: String
  private let shell: ChildProcess
  private let lifeline: Pipe
  private let directory: TemporaryDirectory

  static let program = TestEnvironment.product("cloudbill")

  var url: String { "http://127.0.0.1:\(8080 + basePort)" }
  var edgeMetrics: UInt16 { 8180 + basePort }
  var authMetrics: UInt16 { 3101 + basePort }
  var billingMetrics: UInt16 { 3102 + basePort }

  /// One mesh with demo data for all tests that do not stop anything.
  static let shared: Result<RunningMesh, any Error> = Result {
    let mesh = try RunningMesh()
    try mesh.waitReady()
    return mesh
  }

  /// - Parameters:
  ///   - data: a data directory of an earlier mesh; a new one when nil.
  ///   - basePort: likewise.
  init(data: String? = nil, basePort: UInt16? = nil, arguments: [String] = [], environment: [String: String] = [:])
    throws
  {
    directory = try TemporaryDirectory()
    let data = data ?? directory.path + "/data"
    self.data = data
    self.basePort = basePort ?? Self.freeBasePort()
    output = directory.path + "/output"
    try Data().write(to: URL(filePath: output))
    lifeline = Pipe()
    let file = try FileHandle(forWritingTo: URL(filePath: output))
    shell = try ChildProcess(
      "/bin/sh",
      [
        "-c",
        """
        trap 'orphaned=1' USR1
        exec 3<&0
        "$@" </dev/null 3<&- &
        mesh=$!
        { cat <&3 >/dev/null; kill -USR1 $$; kill -TERM $mesh; } 2>/dev/null &
        reader=$!
        wait $mesh; code=$?
        if [ -n "$orphaned" ]; then wait $mesh; rm -rf "$0"; else kill $reader 2>/dev/null; fi
        exit $code
        """, directory.path, Self.program, "up", "--data", data, "--base-port", "\(self.basePort)",
      ] + arguments, environment: ProcessInfo.processInfo.environment.merging(environment) { _, new in new },
      input: lifeline.fileHandleForReading, output: file, error: file)
  }

  /// A base for which no port of the mesh is in use: below the kernel's own range, spread by chance between test runs.
  static func freeBasePort() -> UInt16 {
    while true {
      let base = UInt16.random(in: 2_000..<20_000)
      let ports = [3001, 3002, 3101, 3102, 8080, 8180].map { base + $0 }
      if ports.allSatisfy(isFree) { return base }
    }
  }

  private static func isFree(_ port: UInt16) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }

  struct NotReady: Error, CustomStringConvertible {
    let description: String
  }

  var printed: String { (try? String(contentsOfFile: output, encoding: .utf8)) ?? "" }

  func waitReady() throws {
    try eventually("ready") {
      guard shell.isRunning else { throw NotReady(description: "cloudbill up ended:\n\(printed)") }
      return printed.contains("CloudBill is ready")
    }
  }

  /// Waits for something that comes by itself; generous, since the machine may be busy.
  func eventually(_ what: String, within seconds: Double = 60, _ condition: () throws -> Bool) throws {
    let deadline = Date(timeIntervalSinceNow: seconds)
    while try !condition() {
      guard Date() < deadline else { throw NotReady(description: "not \(what) in \(seconds) s:\n\(printed)") }
      usleep(50_000)
    }
  }

  /// The process of `cloudbill up` itself.
  var supervisor: pid_t {
    pid_t((try? String(contentsOfFile: data + "/cloudbill.pid", encoding: .utf8))?.prefix { $0.isNumber } ?? "")
      ?? 0
  }

  /// The child of a name, such as `serve billing` or `postgres -D`.
  func child(_ command: String) -> pid_t? {
    Self.processes(parent: supervisor).first { Self.commandLine($0).contains(command) }
  }

  /// All processes that have to do with this mesh's data directory.
  var processes: [pid_t] {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return all.compactMap { pid_t($0) }.filter { number in
      // The shell that holds the lifeline names the directory, too.
      number != shell.identifier && Self.commandLine(number).contains(data + " ")
    }
  }

  private static func processes(parent: pid_t) -> [pid_t] {
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(parent)/task")) ?? []
    return threads.flatMap { thread in
      let text = (try? String(contentsOfFile: "/proc/\(parent)/task/\(thread)/children", encoding: .utf8)) ?? ""
      return text.split(separator: " ").compactMap { pid_t($0) }
    }
  }

  private static func commandLine(_ number: pid_t) -> String {
    let bytes = FileManager.default.contents(atPath: "/proc/\(number)/cmdline") ?? Data()
    return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ") + " "
  }

  /// What a process logged.
  func log(_ name: String) -> String {
    (try? String(contentsOfFile: "\(data)/logs/\(name).log", encoding: .utf8)) ?? ""
  }

  /// As Ctrl-C does.
  /// - Returns: the exit code.
  @discardableResult
  func interrupt() -> Int32 {
    kill(supervisor, SIGINT)
    return waitForEnd()
  }

  func waitForEnd() -> Int32 {
    shell.wait()
  }

  deinit {
    try? lifeline.fileHandleForWriting.close()
    shell.wait()
  }
}

import Foundation
import Postgres
import TestSupport

/// A PostgreSQL server of a test's own, which it may stop, kill and start again.
final class ThrowawayCluster: Sendable {
  private let directory: TemporaryDirectory
  private let port = freePort()

  /// The port, on `listening` and on the socket.
  var portNumber: UInt16 { port }
  var path: String { directory.path }
  private let settings: String

  var conninfo: String { "host=\(directory.path) port=\(port) user=postgres dbname=postgres" }

  /// - Parameters:
  ///   - settings: more options of `postgres`; without any it listens on its socket only.
  ///   - prepare: puts files into the data directory before the first start.
  init(settings: String = "-c listen_addresses=''", preparing prepare: (_ data: String) throws -> Void = { _ in })
    throws
  {
    self.settings = settings
    directory = try TemporaryDirectory()
    if getuid() == 0 { try Self.check(runProcess("chown", ["postgres:postgres", directory.path])) }
    try run(
      "initdb", ["-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"])
    try prepare(data)
    if getuid() == 0 { try Self.check(runProcess("chown", ["-R", "postgres:postgres", data])) }
    try start()
  }

  deinit {
    // Left behind at worst: an empty server below /tmp.
    _ = try? stop("immediate")
  }

  func start() throws {
    let settings = "\(settings) -c unix_socket_directories='\(directory.path)' -c port=\(port) -c fsync=off"
    try run("pg_ctl", ["-D", data, "-w", "-l", directory.path + "/log", "-o", settings, "start"])
  }

  /// - Parameter mode: `fast` ends the sessions politely, `immediate` just dies.
  func stop(_ mode: String = "fast") throws {
    try run("pg_ctl", ["-D", data, "-m", mode, "-w", "stop"])
  }

  private var data: String { directory.path + "/data" }

  private func run(_ program: String, _ arguments: [String]) throws {
    let folders = try FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql").compactMap { Int($0) }
    let path = "/usr/lib/postgresql/\(folders.max() ?? 15)/bin/\(program)"
    // The server outlives the command that starts it: with Foundation's descriptors in its hands the command would seem to run for ever.
    let closing = #"for f in /proc/self/fd/*; do n=${f##*/}; [ "$n" -le 2 ] || eval "exec $n>&-"; done; exec "$@""#
    let command = ["-c", closing, "bash"]
    // The server refuses to be root.
    let result =
      getuid() == 0
      ? try runProcess(
        "bash",
        command + [
          "setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "env", "-C", directory.path, path,
        ]
          + arguments)
      : try runProcess("bash", command + [path] + arguments)
    try Self.check(result)
  }

  private static func check(_ result: ProcessResult) throws {
    guard result.status == 0 else { throw Failure(text: result.outputText + result.errorText) }
  }

  struct Failure: Error {
    let text: String
  }
}

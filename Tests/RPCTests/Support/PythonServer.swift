import Foundation
import RPC
import Reactor
import TestSupport

/// A server in Python, running beside the test: Google's gRPC one, or one made of single frames.
final class PythonServer {
  let address: SocketAddress
  private let process: ChildProcess
  private let input = Pipe()
  private let output = Pipe()

  init(_ script: String = "grpcio_server.py", _ arguments: String...) throws {
    process = try ChildProcess(
      TestEnvironment.python,
      [TestEnvironment.root.appending(path: "Tests/RPCTests/Python/\(script)").path] + arguments,
      input: input.fileHandleForReading, output: output.fileHandleForWriting)
    try output.fileHandleForWriting.close()
    // The server prints its port when it listens.
    guard let port = UInt16(Self.line(output)) else {
      throw RPCError.unavailable("the Python server did not start")
    }
    address = try SocketAddress(host: "127.0.0.1", port: port)
  }

  /// The next line it prints; waits for it. Empty when there is none.
  func read() -> String { Self.line(output) }

  private static func line(_ output: Pipe) -> String {
    var line = ""
    // A line without anything is the end of the one before: Python may write it by itself.
    while !line.hasSuffix("\n") || line == "\n" {
      if line == "\n" { line = "" }
      guard let byte = try? output.fileHandleForReading.read(upToCount: 1) else { break }
      line += String(decoding: byte, as: UTF8.self)
    }
    return line.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// Lets a case go on that waits for a line.
  func proceed() throws {
    try input.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
  }

  /// Ends it: it stops when its input ends.
  func stop() {
    try? input.fileHandleForWriting.close()
    process.wait()
  }
}

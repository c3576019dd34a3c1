import Foundation
import TestSupport

/// The schema's server, on Google's own gRPC for Python.
final class InventoryServer {
  let port: UInt16
  private let process: ChildProcess
  private let output = Pipe()
  private let modules: TemporaryDirectory

  /// Starts it and waits until it answers.
  init(protoPaths: [String]) throws {
    port = freePort()
    modules = try TemporaryDirectory()
    let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Python/inventory_server.py")
    process = try ChildProcess(
      TestEnvironment.python, [script.path, "\(port)", modules.path] + protoPaths, output: output.fileHandleForWriting)
    try output.fileHandleForWriting.close()
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    guard line.hasPrefix("ready") else { throw NotReady(description: "the Python server said '\(line)'") }
  }

  struct NotReady: Error, CustomStringConvertible { let description: String }
}

import Foundation

/// How a process ended and what it printed.
public struct ProcessResult: Sendable {
  /// The exit code, or 128 + the signal that ended it.
  public let status: Int32
  public let output: [UInt8]
  public let error: [UInt8]

  public var outputText: String { String(decoding: output, as: UTF8.self) }
  public var errorText: String { String(decoding: error, as: UTF8.self) }
}

/// Runs a program to its end.
///
/// Input and output pass through files, so neither side can block on a full pipe.
/// - Parameters:
///   - executable: an absolute path, or a name that is looked up in `PATH`.
///   - input: standard input; nothing when nil.
///   - environment: replaces the inherited environment; nil inherits it.
public func runProcess(
  _ executable: String, _ arguments: [String], input: [UInt8]? = nil, environment: [String: String]? = nil
) throws -> ProcessResult {
  let directory = try TemporaryDirectory()
  let files = try ["in", "out", "err"].map { name in
    let url = directory.url.appending(path: name)
    try Data(name == "in" ? input ?? [] : []).write(to: url)
    return url
  }
  let process = try ChildProcess(
    executable, arguments, environment: environment, input: FileHandle(forReadingFrom: files[0]),
    output: FileHandle(forWritingTo: files[1]), error: FileHandle(forWritingTo: files[2]))
  return ProcessResult(
    status: process.wait(), output: [UInt8](try Data(contentsOf: files[1])),
    error: [UInt8](try Data(contentsOf: files[2])))
}

import Foundation
import Generator
import TestSupport

/// Some `.proto` files and what the generator makes of them.
struct ProtoSources {
  private let directory: TemporaryDirectory
  private let names: [String]

  /// Writes the files, by name, into a directory of their own.
  init(_ files: [String: String]) throws {
    directory = try TemporaryDirectory()
    names = files.keys.sorted()
    for (name, text) in files {
      let file = directory.url.appending(path: name)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
  }

  /// Runs `protoc` and the generator over all files.
  /// - Parameter parameter: of the plugin, such as `outputs=messages+services`.
  func generate(parameter: String) throws -> [OutputFile] {
    let set = directory.url.appending(path: "all.binpb")
    let result = try runProcess(
      "protoc",
      [
        "-I", directory.path, "-I", TestEnvironment.root.appending(path: "proto").path, "--include_imports",
        "--include_source_info", "--descriptor_set_out=\(set.path)",
      ] + names)
    guard result.status == 0 else { throw ProtocError(description: result.errorText) }
    let bytes = [UInt8](try Data(contentsOf: set))
    return try Generator(PluginRequest(descriptorSet: bytes, wanted: names, parameter: parameter)).files()
  }
}

/// `protoc` itself refused the files.
struct ProtocError: Error, CustomStringConvertible {
  let description: String
}

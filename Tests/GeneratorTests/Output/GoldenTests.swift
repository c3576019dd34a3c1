import Foundation
import Generator
import TestSupport
import Testing

/// A folder of `Golden` holds one `.proto` file and, in `Generated`, every file the generator makes of it. After a change that is meant,
/// `CLOUDBILL_UPDATE_GOLDEN=1` writes them anew; the difference is then read in the commit.
@Suite("Golden output")
struct GoldenTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Golden")

  static var isUpdating: Bool { ProcessInfo.processInfo.environment["CLOUDBILL_UPDATE_GOLDEN"] == "1" }

  @Test(
    "what is written for a schema stays as it was read and agreed to",
    arguments: ["values", "names", "services", "rest"])
  func staysTheSame(name: String) throws {
    let source = try String(contentsOf: Self.folder.appending(path: "\(name)/\(name).proto"), encoding: .utf8)
    let parameter = source.firstMatch(of: /\/\/ parameter: (.*)/).map { String($0.output.1) } ?? ""
    let written = try ProtoSources(["\(name).proto": source]).generate(parameter: parameter)
    let folder = Self.folder.appending(path: "\(name)/Generated")
    if Self.isUpdating { try update(folder, written) }

    let expected = try goldenFiles(folder)
    #expect(Set(written.map(\.name)) == Set(expected.keys))
    for file in written {
      #expect(file.content == expected[file.name], "\(name)/\(file.name) differs from its golden file")
    }
  }

  /// By path inside the folder.
  private func goldenFiles(_ folder: URL) throws -> [String: String] {
    var result: [String: String] = [:]
    guard FileManager.default.fileExists(atPath: folder.path) else { return [:] }
    for path in try FileManager.default.subpathsOfDirectory(atPath: folder.path) where path.contains(".") {
      result[path] = try String(contentsOf: folder.appending(path: path), encoding: .utf8)
    }
    return result
  }

  private func update(_ folder: URL, _ files: [OutputFile]) throws {
    for path in try goldenFiles(folder).keys { try FileManager.default.removeItem(at: folder.appending(path: path)) }
    for file in files {
      let url = folder.appending(path: file.name)
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try file.content.write(to: url, atomically: true, encoding: .utf8)
    }
  }
}

public import Foundation

/// A directory of its own for one test, removed with everything in it when the last reference goes.
public final class TemporaryDirectory: Sendable {
  public let url: URL
  public var path: String { url.path }

  /// - Parameter parent: where it is made; short by default, since a unix socket's path may have 107 bytes only.
  public init(in parent: String = "/tmp") throws {
    let name = String(UInt64.random(in: .min ... .max), radix: 36)
    url = URL(filePath: parent).appending(path: "cbt-\(name)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit {
    // Left behind at worst: the directory is below /tmp.
    try? FileManager.default.removeItem(at: url)
  }
}

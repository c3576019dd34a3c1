public import Foundation
import Glibc

/// What `deploy/test` prepares for the tests, read from the environment. A test that needs something that is not there
/// stops the run and says which command provides it: a suite that skips silently proves nothing.
public enum TestEnvironment {
  /// libpq conninfo of a superuser on the throwaway PostgreSQL cluster; each suite makes its own database from it.
  public static var postgres: String { required("CLOUDBILL_TEST_POSTGRES") }

  /// A Python interpreter with the packages that `deploy/tools/python-packages.txt` names (grpcio, protobuf, PyJWT, …).
  public static var python: String { required("CLOUDBILL_TEST_PYTHON") }

  /// A command of the same Python environment, such as `grpcurl` or `buf`.
  public static func pythonTool(_ name: String) -> String {
    URL(filePath: python).deletingLastPathComponent().appending(path: name).path
  }

  /// The root of the repository.
  public static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// An executable of this package, built in the same run as the tests: it stands beside the test bundle.
  public static func product(_ name: String) -> String {
    let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let beside = URL(filePath: bundle).deletingLastPathComponent().appending(path: name).path
    if FileManager.default.isExecutableFile(atPath: beside) { return beside }
    return root.appending(path: ".build/debug/\(name)").path
  }

  private static func required(_ name: String) -> String {
    guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else {
      FileHandle.standardError.write(Data("\(name) is not set: run the tests with deploy/test\n".utf8))
      exit(2)
    }
    return value
  }
}

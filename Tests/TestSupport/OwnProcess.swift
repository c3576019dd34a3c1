import Foundation

/// Tests that measure their process: each runs in one of its own, because what other suites allocate is no measure of anything.
public enum OwnProcess {
  private static let mark = "CLOUDBILL_TEST_IN_OWN_PROCESS"

  /// Whether this is the process of that test. Where it is not, one is made for it and waited for, and the caller has nothing left to do:
  ///
  ///     guard try OwnProcess.isRunning("TCPTests/idleConnections") else { return }
  /// - Throws: `Failure` when the test failed over there.
  public static func isRunning(_ test: String) throws -> Bool {
    var environment = ProcessInfo.processInfo.environment
    if environment[mark] == test { return true }
    environment[mark] = test
    let result = try runProcess(
      "/proc/self/exe", ["--testing-library", "swift-testing", "--no-parallel", "--filter", test],
      environment: environment)
    // What ran is told on standard error; a name that no test has passes without a word.
    guard result.status == 0, result.errorText.contains("Test run with 1 test") else {
      throw Failure(description: "\(test) in its own process: \(result.outputText)\(result.errorText)")
    }
    return false
  }

  public struct Failure: Error, CustomStringConvertible {
    public let description: String
  }

  /// Resident memory of this process in bytes (`/proc/self/statm`).
  public static var residentByteCount: Int {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
    let fields = text.split(separator: " ")
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
  }
}

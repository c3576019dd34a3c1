import Foundation
import Reactor
import Testing
import TestSupport

/// Asks a process' internal page as an operator would.
func page(_ address: SocketAddress, _ path: String) throws -> (status: Int, body: String) {
  let result = try runProcess(
    "curl", ["-s", "-o", "-", "-w", "\n%{http_code}", "--max-time", "20", "http://\(address)\(path)"])
  let lines = result.outputText.split(separator: "\n", omittingEmptySubsequences: false)
  return (Int(lines.last ?? "") ?? 0, lines.dropLast().joined(separator: "\n"))
}

/// Asks again until the condition holds, for two minutes at most.
func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
  for _ in 0..<2400 {
    if try await condition() { return true }
    try await Task.sleep(for: .milliseconds(50))
  }
  return false
}

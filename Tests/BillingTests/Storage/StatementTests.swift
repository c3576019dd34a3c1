import Foundation
import Postgres
import ServiceKit
import ServiceTesting
import TestSupport
import Testing

@testable import Billing

@Suite("Declared statements of billing")
struct StatementTests {
  @Test("fit the migrated database, for the role that sends them: parameters, columns, types and nulls")
  func fit() async throws {
    let database = try await TestDatabase(.billing)
    let statements = ServiceDefinition.billing.statements
    #expect(!statements.isEmpty)
    let problems = try await StatementCheck(conninfo: database.conninfo("billing")).problems(of: statements)
    #expect(problems == [])
  }

  @Test("are all listed, and there are no others in the service")
  func listed() throws {
    let folder = TestEnvironment.root.appending(path: "Sources/Billing")
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL }
    let texts = try (files ?? []).filter { $0.pathExtension == "swift" }.map {
      try String(contentsOf: $0, encoding: .utf8)
    }
    let declared = texts.map { $0.components(separatedBy: "= DeclaredStatement<").count - 1 }.reduce(0, +)
    #expect(declared == ServiceDefinition.billing.statements.count)
    for text in texts {
      // SQL with numbered parameters, and rows read by number.
      #expect(!text.contains(/\bStatement\(\s*"/))
      #expect(!text.contains(/\[\d+, as:/))
    }
  }

  @Test("a column that is changed under them is found")
  func changed() async throws {
    let database = try await TestDatabase(.billing)
    try database.sql("ALTER TABLE billing.subscriptions RENAME COLUMN anchor_at TO anchored_at")
    let problems = try await StatementCheck(conninfo: database.conninfo("billing"))
      .problems(of: ServiceDefinition.billing.statements)
    // Find, lock, list and insert name it.
    #expect(problems.count == 4)
    #expect(problems.allSatisfy { $0.contains("anchor_at") }, "\(problems)")
  }
}

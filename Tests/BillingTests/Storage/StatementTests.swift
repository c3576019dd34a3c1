import ServiceKit
import ServiceTesting
import Testing

@testable import Billing

@Suite("Declared statements of billing")
struct StatementTests {
  @Test("fit the migrated database, for the role that sends them: parameters, columns, types and nulls")
  func fit() async throws {
    let database = try await TestDatabase(.billing)
    let problems = try await StatementRules.problems(of: .billing, in: database)
    #expect(problems == [])
  }

  @Test("are all listed, and the service has no other way to read a row or to number a parameter")
  func listed() throws {
    let violations = try StatementRules.violations(in: "Billing", listed: ServiceDefinition.billing.statements.count)
    #expect(violations == [])
  }

  @Test("a column that is changed under them is found")
  func changed() async throws {
    let database = try await TestDatabase(.billing)
    try database.sql("ALTER TABLE billing.subscriptions RENAME COLUMN anchor_at TO anchored_at")
    let problems = try await StatementRules.problems(of: .billing, in: database)
    // Find, lock, list and insert name it.
    #expect(problems.count == 4)
    #expect(problems.allSatisfy { $0.contains("anchor_at") }, "\(problems)")
  }
}

import Postgres
import ServiceKit
import ServiceTesting
import Testing

@testable import Auth

@Suite("Declared statements of auth")
struct StatementTests {
  @Test("fit the migrated database, for the roles that send them: parameters, columns, types and nulls")
  func fit() async throws {
    let database = try await TestDatabase(ServiceCatalogue([.auth]))
    let problems = try await StatementRules.problems(of: .auth, in: database)
    #expect(problems == [])
    let installing = try await StatementCheck(conninfo: database.ownerConninfo)
      .problems(of: AuthStatements.installation)
    #expect(installing == [])
  }

  @Test("are all listed, and the service has no other way to read a row or to number a parameter")
  func listed() throws {
    let listed = ServiceDefinition.auth.statements.count + AuthStatements.installation.count
    let violations = try StatementRules.violations(in: "Auth", listed: listed)
    #expect(violations == [])
  }
}

import ArgumentParser
import Postgres
import ServiceKit

/// `cloudbill audit`
struct Audit: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Look after the audit trails.", subcommands: [Verify.self])

  /// `cloudbill audit verify`
  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check that no line of an audit trail was changed, taken out or put in between.",
      discussion: """
        Each line's hash covers the line before it. Prints a line for each service and tenant: how many lines there are and the hash \
        of the last one. Kept elsewhere, that hash tells later whether the end of a trail was cut off.

        Exit code: 0 when all trails are whole, 2 when one is not.
        """)

    @OptionGroup var mesh: MeshOptions

    func run() async throws {
      let areWhole = try await AdministrationDatabase.with(mesh) { try await verify($0) }
      if !areWhole { throw ExitCode(2) }
    }

    /// - Returns: whether all trails are whole.
    private func verify(_ database: Database) async throws -> Bool {
      // Only the role that signing in looks with sees all tenants.
      let tenants = try await database.unscoped(
        deadline: AdministrationDatabase.deadline,
        [
          Statement("SET LOCAL ROLE cb_lookup"), Statement("SELECT id FROM auth.tenants ORDER BY id"),
        ]
      )[1].map { TenantID(try $0[0, as: UUID.self]) }
      var areWhole = true
      for service in catalogue.services {
        let trail = AuditTrail(service)
        for tenant in tenants {
          let verdict = try await trail.check(tenant, database, deadline: AdministrationDatabase.deadline)
          areWhole = areWhole && verdict.isWhole
          print("\(service.name)  \(tenant)  \(verdict.lines) lines  \(Self.text(verdict))")
        }
      }
      return areWhole
    }

    private static func text(_ verdict: AuditTrail.Verdict) -> String {
      if let line = verdict.firstBroken { return "BROKEN at line \(line)" }
      guard verdict.endsAtHead else { return "BROKEN: the end is missing" }
      let digits = Array("0123456789abcdef")
      return verdict.head.isEmpty
        ? "whole"
        : "whole  "
          + verdict.head.reduce(into: "") {
            $0.append(digits[Int($1 >> 4)])
            $0.append(digits[Int($1 & 15)])
          }
    }
  }
}

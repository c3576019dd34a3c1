import ArgumentParser
import Auth
import Glibc
import ServiceKit

/// `cloudbill bootstrap`
struct Bootstrap: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make the first tenant and its SUPER_ADMIN, once.",
    discussion: """
      For an installation without demo data (`cloudbill up --no-demo`, or production mode). The password is read from standard input: \
      one line, at least 12 characters. An installation that has a SUPER_ADMIN is left alone.
      """)

  @Option(help: ArgumentHelp("The SUPER_ADMIN's address.", valueName: "ADDRESS"))
  var email: String

  @Option(help: ArgumentHelp("The first tenant's name.", valueName: "NAME"))
  var organization: String

  @OptionGroup var mesh: MeshOptions

  func run() async throws {
    if isatty(0) == 1 { Terminal().complaint("Password:") }
    guard let password = readLine(strippingNewline: true) else {
      throw CommandFailure("no password came on standard input")
    }
    let tenant: TenantID
    do {
      let first = try FirstAdministrator(email: email, password: password, organization: organization)
      tenant = try await AdministrationDatabase.with(mesh) { database in
        try await first.make(database, now: WallClock.system.now, deadline: AdministrationDatabase.deadline)
      }
    } catch let failure as FirstAdministrator.Failure {
      throw CommandFailure(failure.description)
    }
    print("Made the tenant \(tenant) and its SUPER_ADMIN \(email).")
  }
}

import ArgumentParser
import Postgres
import ServiceKit

/// `cloudbill migrate`
struct Migrate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Bring the database's tables up to date.",
    discussion: """
      `cloudbill up` does this itself. What has been applied is left alone, so that it can be run at any time; two at once wait for \
      each other. The database is the private one of a running `cloudbill up`, or CLOUDBILL_DATABASE_URL.
      """)

  @Flag(help: "Write the demo data instead, into tables that are empty.")
  var demo = false

  @OptionGroup var mesh: MeshOptions

  func run() async throws {
    let address = try DatabaseAddress(directory: DataDirectory(mesh.dataPath))
    // What it makes belongs to the role that nobody logs in as.
    let conninfo = try address.conninfo(.migrator) + " options='-c role=\(DatabaseRoles.owner)'"
    if demo {
      try await DemoData.seed(conninfo: conninfo, catalogue)
      print("The demo data is written.")
      return
    }
    let applied = try await Migrator(conninfo: conninfo).migrate(catalogue.migrations)
    print(applied.isEmpty ? "Nothing to do." : "Applied \(applied.joined(separator: ", ")).")
  }
}

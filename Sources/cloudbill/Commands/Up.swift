import ArgumentParser
import Glibc
import ServiceKit

/// `cloudbill up`
struct Up: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run the whole of CloudBill on this machine.",
    discussion: """
      The first run makes a data directory with a PostgreSQL of its own, keys, passwords and demo data; later runs use what is \
      there. The processes (\(MeshProcess.all.map(\.name).joined(separator: ", ")), PostgreSQL) are watched and started again when they end. Ctrl-C stops them \
      in order and leaves the data.

      Ports: \(MeshProcess.all.map { "\($0.name) \($0.standardPort)" }.joined(separator: ", ")); each serves /metrics and /health \(ServiceDefinition.metricsPortDistance) above. PostgreSQL has a unix socket in \
      the data directory only.

      Environment:
        CLOUDBILL_DATABASE_URL   postgresql://USER:PASSWORD@HOST:PORT/DATABASE: use that server instead of a private one. \
      The user must be allowed to create roles and databases.
        CLOUDBILL_POSTGRES_BIN   where PostgreSQL's programs are, when they are not found.
      """)

  @OptionGroup var mesh: MeshOptions

  @Flag(inversion: .prefixedNo, help: "Write demo data into a new data directory; never in production mode.")
  var demo = true

  func run() throws {
    do {
      try Startup(mesh, wantsDemo: demo).run()
    } catch let interruption as Interrupted {
      throw ExitCode(128 + interruption.signal)
    }
  }
}

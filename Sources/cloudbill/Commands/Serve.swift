import ArgumentParser
import Edge
import Glibc
import Postgres
import ServiceKit

/// `cloudbill serve`
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run one process of the mesh.",
    discussion: """
      `cloudbill up` starts these itself. Alone, each needs the data directory's keys and passwords, and a database that \
      `cloudbill migrate` has prepared: the private one of a running `cloudbill up`, or CLOUDBILL_DATABASE_URL.

      Log lines go to standard error, one JSON object each. SIGTERM drains: running calls finish, then the process ends.

      --mode production, or CLOUDBILL_MODE=production, refuses the demo data's password.
      """)

  @Argument(help: "The process.")
  var process: MeshProcess

  @OptionGroup var mesh: MeshOptions

  func run() async throws {
    try refuseOrphanage()
    let stop = StopSignal.atTermination()
    let configuration = try ProcessConfiguration(mesh)
    if let definition = catalogue[process.name] {
      try await ServiceProcess.run(definition, configuration.service(definition), until: stop)
    } else {
      try await EdgeProcess.run(configuration.edge(), until: stop)
    }
  }

  /// The kernel ends us with our supervisor, but only once it knows of us: a supervisor that ended before is noticed here.
  private func refuseOrphanage() throws {
    guard let supervisor = Environment["CLOUDBILL_SUPERVISOR"], supervisor != "\(getppid())" else { return }
    throw CommandFailure("the supervisor is gone")
  }
}

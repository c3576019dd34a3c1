import ArgumentParser

/// The one program: every role of the mesh is a subcommand of it.
@main
struct Cloudbill: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cloudbill", abstract: "A billing platform and its RPC mesh.", version: Version.text,
    subcommands: [Up.self, Serve.self, Migrate.self, Call.self, Bootstrap.self, Audit.self, OutboxCommand.self])
}

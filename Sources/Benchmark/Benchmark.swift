import ArgumentParser

/// Our side of `deploy/benchmark`; its peers are written for their own systems.
@main
struct Benchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark", abstract: "What deploy/benchmark measures, one command a part.",
    subcommands: [RPCServerCommand.self, PostgresCommand.self])
}

import ArgumentParser

/// What every command needs to know of the mesh: where its data is, and where it listens.
struct MeshOptions: ParsableArguments {
  @Option(
    name: .customLong("data"),
    help: ArgumentHelp("The data directory: database, keys, passwords, logs.", valueName: "DIR"))
  var dataPath = ".cloudbill"

  @Option(
    help: ArgumentHelp("The edge's port. Its metrics page is 100 above. (default: 8080 + base port)", valueName: "N"))
  var port: UInt16?

  @Option(help: ArgumentHelp("Added to every port: several meshes on one machine.", valueName: "N"))
  var basePort: UInt16 = 0

  @Option(help: ArgumentHelp("The address the edge listens on. All else stays on loopback.", valueName: "ADDRESS"))
  var host = "127.0.0.1"

  func ports() throws -> MeshPorts { try MeshPorts(edge: port, base: basePort) }

  /// The options as arguments of another command of this program.
  var arguments: [String] {
    var arguments = ["--data", Files.absolute(dataPath), "--base-port", "\(basePort)", "--host", host]
    if let port { arguments += ["--port", "\(port)"] }
    return arguments
  }
}

import ArgumentParser
import ServiceKit

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

  @Option(
    help: ArgumentHelp(
      "development: the demo data's password is accepted. production: it is refused, and no demo data is written. "
        + "(default: CLOUDBILL_MODE, or development)", valueName: "MODE"), transform: Self.mode)
  var mode: RunMode?

  @Flag(help: "Let others than this machine reach an edge in development mode, where everybody knows the passwords.")
  var exposeDevelopment = false

  static let modeVariable = "CLOUDBILL_MODE"

  @Sendable private static func mode(_ text: String) throws -> RunMode {
    guard let mode = RunMode(rawValue: text) else {
      throw ValidationError("--mode is development or production, not \(text)")
    }
    return mode
  }

  func runMode() throws -> RunMode {
    if let mode { return mode }
    guard let text = Environment[Self.modeVariable] else { return .development }
    guard let mode = RunMode(rawValue: text) else {
      throw CommandFailure("\(Self.modeVariable) is development or production, not \(text)")
    }
    return mode
  }

  /// Refuses to open a development installation to the network unless that was asked for by name.
  func requireSafeHost() throws {
    guard try runMode() == .development, !exposeDevelopment, !["127.0.0.1", "localhost", "::1"].contains(host) else {
      return
    }
    throw CommandFailure(
      "--host \(host) would open a development installation, with passwords that everybody knows, to the network",
      advice: [
        "for customers: --mode production", "if that is what you want: --expose-development",
      ])
  }

  func ports() throws -> MeshPorts { try MeshPorts(edge: port, base: basePort) }

  /// The options as arguments of another command of this program.
  var arguments: [String] {
    var arguments = ["--data", Files.absolute(dataPath), "--base-port", "\(basePort)", "--host", host]
    if let port { arguments += ["--port", "\(port)"] }
    if let mode { arguments += ["--mode", mode.rawValue] }
    if exposeDevelopment { arguments.append("--expose-development") }
    return arguments
  }
}

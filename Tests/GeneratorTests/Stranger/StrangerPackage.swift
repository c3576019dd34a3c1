import Foundation
import TestSupport

/// A SwiftPM package as somebody outside writes it: the package `codegen/generate` made of their schema, and a program that
/// uses it. It is built in a fixed folder below `.build`, so that a second run builds only what has changed.
struct StrangerPackage {
  private static let here = URL(filePath: #filePath).deletingLastPathComponent()
  private static let golden = here.deletingLastPathComponent().appending(path: "Golden")
  private static let folder = TestEnvironment.root.appending(path: ".build/stranger")

  /// The folders that hold the `.proto` files, Google's own last.
  let protoPaths: [String]

  init() throws {
    let packages = try runProcess(
      TestEnvironment.python, ["-c", "import sysconfig; print(sysconfig.get_paths()['purelib'], end='')"])
    protoPaths = [Self.here.appending(path: "Proto").path, packages.outputText]
  }

  /// Runs `codegen/generate` as its usage text says. The golden schemas come along: what was read must also compile.
  func generate() throws -> ProcessResult {
    let goldenNames = ["values", "names", "services"]
    let goldenPaths = goldenNames.map { Self.golden.appending(path: $0).path }
    return try runProcess(
      TestEnvironment.root.appending(path: "codegen/generate").path,
      (protoPaths + goldenPaths).flatMap { ["--proto-path", $0] } + ["warehouse/inventory.proto"]
        + goldenNames.map { "\($0).proto" }
        + [
          "--out", Self.folder.appending(path: "Inventory").path, "--package", "Inventory", "--plugin",
          TestEnvironment.product("protoc-gen-cloudbill"),
        ])
  }

  /// Builds the program.
  func build() throws -> ProcessResult {
    let client = Self.folder.appending(path: "Client")
    let sources = client.appending(path: "Sources/Client")
    try FileManager.default.createDirectory(at: sources, withIntermediateDirectories: true)
    try write(Self.manifest, to: client.appending(path: "Package.swift"))
    let program = try String(contentsOf: Self.here.appending(path: "Program/main.swift"), encoding: .utf8)
    try write(program, to: sources.appending(path: "main.swift"))
    return try runProcess(
      "swift",
      ["build", "--package-path", client.path, "--scratch-path", Self.folder.appending(path: "build").path])
  }

  /// Runs the program against a server.
  func run(port: UInt16) throws -> ProcessResult {
    try runProcess(Self.folder.appending(path: "build/debug/Client").path, ["\(port)"])
  }

  /// A file that is the same stays untouched, so that nothing is built again because of it.
  private func write(_ text: String, to file: URL) throws {
    guard (try? String(contentsOf: file, encoding: .utf8)) != text else { return }
    try text.write(to: file, atomically: true, encoding: .utf8)
  }

  private static var manifest: String {
    """
    // swift-tools-version: 6.2
    import PackageDescription

    let package = Package(
      name: "Client",
      dependencies: [
        .package(path: "../Inventory"),
        .package(name: "cloudbill", path: "\(TestEnvironment.root.path)"),
      ],
      targets: [
        .executableTarget(
          name: "Client",
          dependencies: [
            .product(name: "Inventory", package: "Inventory"),
            .product(name: "Protobuf", package: "cloudbill"),
            .product(name: "RPC", package: "cloudbill"),
            .product(name: "Reactor", package: "cloudbill"),
          ],
          swiftSettings: [.enableUpcomingFeature("NonisolatedNonsendingByDefault")])
      ])

    """
  }
}

// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target of ours: Swift 6 mode (from the tools version), callers keep their executor across `async` calls.
let house: [SwiftSetting] = [
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

func swift(
  _ name: String, _ dependencies: [Target.Dependency] = [], path: String? = nil, exclude: [String] = []
) -> Target {
  .target(name: name, dependencies: dependencies, path: path, exclude: exclude, swiftSettings: house)
}

/// A target with tables of its own: its migrations are compiled into the program.
func service(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(
    name: name, dependencies: dependencies, resources: [.embedInCode("Migrations")], swiftSettings: house)
}

func test(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .testTarget(name: name, dependencies: dependencies, path: "Tests/\(name)", exclude: exclude, swiftSettings: house)
}

let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")

let package = Package(
  name: "cloudbill",
  products: [
    .executable(name: "cloudbill", targets: ["cloudbill"]),
    .executable(name: "benchmark", targets: ["Benchmark"]),
    .executable(name: "protoc-gen-cloudbill", targets: ["protoc-gen-cloudbill"]),
    .library(name: "Reactor", targets: ["Reactor"]),
    .library(name: "Protobuf", targets: ["Protobuf"]),
    .library(name: "RPC", targets: ["RPC"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.1.0"),
  ],
  targets: [
    // C floor: module maps and thin shims.
    .systemLibrary(name: "CNghttp2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
    .systemLibrary(name: "CProtobufC", pkgConfig: "libprotobuf-c", providers: [.apt(["libprotobuf-c-dev"])]),
    .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CCrypt", providers: [.apt(["libcrypt-dev"])]),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "CLinux"),
    .target(name: "CSimdJSON", linkerSettings: [.linkedLibrary("simdjson")]),

    // The floors that know nothing of billing.
    swift("Reactor", ["CLinux", deque]),
    .target(name: "CWellKnown", dependencies: ["CProtobufC"]),
    swift("Protobuf", ["CProtobufC", "CWellKnown", "CSimdJSON"]),
    swift("HTTP2", ["CNghttp2", "Reactor"]),
    .target(name: "CRPCSchema", dependencies: ["CProtobufC", "CWellKnown"]),
    swift("RPC", ["HTTP2", "Protobuf", "Reactor", "CRPCSchema", log, deque]),
    swift("Postgres", ["CPostgres", "Reactor", deque]),
    swift("Compression", ["CZlib"]),

    // What CloudBill's services share.
    .target(name: "CSchema", dependencies: ["CProtobufC", "CWellKnown"]),
    swift("Schema", ["CSchema", "Protobuf", "RPC"], exclude: ["openapi.json", "TypeScript"]),
    service("ServiceKit", ["Schema", "RPC", "Postgres", "Protobuf", "Reactor", "COpenSSL", log]),

    // The services and the front.
    service("Auth", ["ServiceKit", "Schema", "Postgres", "Protobuf", "RPC", "Reactor", "CCrypt"]),
    service("Billing", ["ServiceKit", "Schema", "Postgres", "Protobuf", "RPC", "Reactor"]),
    swift("Edge", ["ServiceKit", "Schema", "RPC", "HTTP2", "Protobuf", "Compression", "Reactor", log]),
    .executableTarget(
      name: "cloudbill",
      dependencies: [
        "Edge", "Auth", "Billing", "ServiceKit", "Schema", "Postgres", "RPC", "Protobuf", "Reactor", log, arguments,
      ],
      swiftSettings: house),

    .executableTarget(
      name: "Benchmark", dependencies: ["ServiceKit", "Schema", "Postgres", "RPC", "Protobuf", "Reactor", arguments],
      swiftSettings: house),

    // The generator: a `protoc` plugin, itself a user of Protobuf.
    .target(name: "CDescriptor", dependencies: ["CProtobufC"]),
    swift("Generator", ["Protobuf", "CDescriptor", "CProtobufC"], path: "codegen/Generator"),
    .executableTarget(
      name: "protoc-gen-cloudbill", dependencies: ["Generator"], path: "codegen/Plugin", swiftSettings: house),

    // Tests mirror Sources.
    .target(
      name: "TestSupport", dependencies: ["Reactor", "Postgres"], path: "Tests/TestSupport", swiftSettings: house),
    .target(
      name: "ServiceTesting",
      dependencies: ["ServiceKit", "Schema", "Postgres", "RPC", "Reactor", "TestSupport"],
      path: "Tests/ServiceTesting", swiftSettings: house),
    // A server in a process of its own, started by RPCTests.
    .executableTarget(
      name: "ServerUnderTest", dependencies: ["RPC", "Reactor"], path: "Tests/ServerUnderTest", swiftSettings: house),
    test("ReactorTests", ["Reactor", "CLinux", "TestSupport"]),
    .target(name: "CTesting", dependencies: ["CProtobufC", "CWellKnown"], path: "Tests/CTesting"),
    .testTarget(
      name: "ProtobufTests", dependencies: ["Protobuf", "CTesting", "TestSupport"], path: "Tests/ProtobufTests",
      exclude: ["Proto", "Python"], swiftSettings: house),
    test("HTTP2Tests", ["HTTP2", "Reactor", "TestSupport"], exclude: ["Python"]),
    test("RPCTests", ["RPC", "HTTP2", "Protobuf", "Reactor", "Schema", "TestSupport"], exclude: ["Python"]),
    test("CompressionTests", ["Compression", "TestSupport"]),
    test("PostgresTests", ["Postgres", "Reactor", "TestSupport"]),
    test("ServiceKitTests", ["ServiceKit", "Schema", "Postgres", "RPC", "Protobuf", "Reactor", log, "TestSupport"]),
    test("AuthTests", ["Auth", "ServiceKit", "Schema", "Postgres", "RPC", "Reactor", "TestSupport", "ServiceTesting"]),
    test(
      "BillingTests",
      [
        "Billing", "Auth", "ServiceKit", "Schema", "Postgres", "Protobuf", "RPC", "Reactor", "TestSupport",
        "ServiceTesting",
      ]),
    test(
      "EdgeTests", ["Edge", "ServiceKit", "Schema", "Postgres", "RPC", "Protobuf", "Reactor", "TestSupport"],
      exclude: ["Python"]),
    .testTarget(
      name: "GeneratorTests", dependencies: ["Generator", "protoc-gen-cloudbill", "Schema", "Protobuf", "TestSupport"],
      path: "Tests/GeneratorTests",
      exclude: ["Golden", "Stranger/Proto", "Stranger/Python", "Stranger/Program"], swiftSettings: house),
    test(
      "CloudbillTests",
      [
        "Auth", "Billing", "Edge", "ServiceKit", "Schema", "Postgres", "RPC", "Reactor", "TestSupport",
        "ServiceTesting",
      ]),
    test("ArchitectureTests", ["TestSupport"]),
  ],
  cxxLanguageStandard: .cxx17
)

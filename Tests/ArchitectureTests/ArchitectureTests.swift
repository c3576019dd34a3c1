import Foundation
import Testing

/// The house as `design.md` draws it: what stands lower has a smaller floor, and a target imports lower floors only.
@Suite("The architecture")
struct ArchitectureTests {
  static let floors: [[String]] = [
    [
      "CNghttp2", "CProtobufC", "COpenSSL", "CPostgres", "CCrypt", "CSimdJSON", "CLinux", "CWellKnown", "CDescriptor",
      "CSchema",
      "CRPCSchema", "CZlib",
    ],
    ["Reactor"],
    ["Protobuf"],
    ["HTTP2"],
    ["RPC"],
    ["Postgres", "Compression"],
    ["Schema"],
    ["ServiceKit"],
    ["Auth", "Billing", "Edge"],
    ["cloudbill", "Benchmark"],
  ]
  static let generator = ["Generator", "protoc-gen-cloudbill"]

  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  @Test("imports go down only, never to a sibling", arguments: floors.flatMap { $0 })
  func importsGoDown(target: String) throws {
    let floor = try #require(Self.floors.firstIndex { $0.contains(target) })
    let lower = Set(Self.floors[..<floor].flatMap { $0 })
    let own = Set(Self.floors.flatMap { $0 } + Self.generator)
    for file in try swiftFiles(under: "Sources/\(target)") {
      for module in try imports(of: file) where own.contains(module) {
        #expect(lower.contains(module), "\(file.lastPathComponent) imports \(module), which is not below \(target)")
      }
    }
  }

  @Test("every target of Sources has a floor")
  func everyTargetIsDrawn() throws {
    let folders = try FileManager.default.contentsOfDirectory(atPath: Self.root.appending(path: "Sources").path)
    let drawn = Set(Self.floors.flatMap { $0 })
    for folder in folders where !folder.hasPrefix(".") {
      #expect(drawn.contains(folder), "Sources/\(folder) stands on no floor: draw it in design.md and here")
    }
  }

  @Test(
    "the floors below ServiceKit do without Foundation",
    arguments: ["Reactor", "Protobuf", "HTTP2", "RPC", "Postgres", "Schema"])
  func noFoundation(target: String) throws {
    for file in try swiftFiles(under: "Sources/\(target)") {
      #expect(
        try !imports(of: file).contains { $0.hasPrefix("Foundation") }, "\(file.lastPathComponent) imports Foundation")
    }
  }

  @Test("ServiceKit and the edge name no table of a service", arguments: ["ServiceKit", "Edge"])
  func lowerFloorsKnowNoService(target: String) throws {
    for file in try swiftFiles(under: "Sources/\(target)") {
      let text = try String(contentsOf: file, encoding: .utf8)
      for schema in ["auth.", "billing."] {
        for word in ["FROM \(schema)", "INTO \(schema)", "UPDATE \(schema)"] {
          #expect(!text.contains(word), "\(file.lastPathComponent) has \(word)")
        }
      }
    }
  }

  @Test("no file is longer than a person reads in one sitting")
  func filesFitASitting() throws {
    for folder in ["Sources", "codegen", "Tests"] {
      for file in try swiftFiles(under: folder) where !file.path.contains("/Generated/") {
        let count = try String(contentsOf: file, encoding: .utf8).split(
          separator: "\n", omittingEmptySubsequences: false
        ).count
        #expect(count <= 600, "\(file.lastPathComponent) has \(count) lines")
      }
    }
  }

  @Test("the services and the edge see no unsafe pointer", arguments: ["ServiceKit", "Auth", "Billing", "Edge"])
  func noUnsafePointersAbove(target: String) throws {
    // ServiceKit and Auth own their C calls (OpenSSL, libcrypt) in these folders and nowhere else.
    let allowed = ["/Cryptography/", "/Passwords/"]
    for file in try swiftFiles(under: "Sources/\(target)") where !allowed.contains(where: { file.path.contains($0) }) {
      let text = try String(contentsOf: file, encoding: .utf8)
      #expect(
        !text.contains("UnsafeMutable") && !text.contains("UnsafePointer") && !text.contains("UnsafeRaw"),
        "\(file.lastPathComponent)")
    }
  }

  @Test("what bypasses the compiler's checks says why on the line above")
  func proofsStandBesideTheirClaims() throws {
    for folder in ["Sources", "codegen"] {
      for file in try swiftFiles(under: folder) where !file.path.contains("/Generated/") {
        let lines = try String(contentsOf: file, encoding: .utf8).split(
          separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated()
        where line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)") || line.contains("try!")
          || line.contains("fatalError(")
        {
          let code = line.drop { $0 == " " }
          if code.hasPrefix("//") { continue }
          let above = index > 0 ? lines[index - 1].drop { $0 == " " } : ""
          #expect(above.hasPrefix("//"), "\(file.lastPathComponent):\(index + 1) claims without a proof")
        }
      }
    }
  }

  private func swiftFiles(under folder: String) throws -> [URL] {
    let start = Self.root.appending(path: folder)
    let files = FileManager.default.enumerator(at: start, includingPropertiesForKeys: nil)
    return files?.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" } ?? []
  }

  private func imports(of file: URL) throws -> [String] {
    try String(contentsOf: file, encoding: .utf8).split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      guard let keyword = words.firstIndex(of: "import"), keyword + 1 < words.count, !line.hasPrefix("/") else {
        return nil
      }
      guard
        words[..<keyword].allSatisfy({
          ["public", "internal", "private", "package", "fileprivate", "@testable", "@preconcurrency"].contains($0)
        })
      else { return nil }
      let kinds: Set<Substring> = ["struct", "class", "enum", "func", "protocol", "typealias", "let", "var"]
      let name = kinds.contains(words[keyword + 1]) ? words.dropFirst(keyword + 2).first : words[keyword + 1]
      return name.map { String($0.prefix { $0 != "." }) }
    }
  }
}

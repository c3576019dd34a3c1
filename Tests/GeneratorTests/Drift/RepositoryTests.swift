import Foundation
import TestSupport
import Testing

/// The repository's own schema: in good style, and what is generated from it is what is committed.
@Suite("The repository's schema")
struct RepositoryTests {
  @Test("the committed files are what codegen/generate makes of proto/")
  func nothingDrifts() throws {
    let result = try runProcess(
      TestEnvironment.root.appending(path: "codegen/generate").path,
      ["--check", "--plugin", TestEnvironment.product("protoc-gen-cloudbill")])
    #expect(result.status == 0, "\(result.errorText)")
  }

  @Test("buf lint finds nothing in proto/")
  func lintIsClean() throws {
    let result = try runProcess(
      TestEnvironment.pythonTool("buf"), ["lint", TestEnvironment.root.appending(path: "proto").path])
    #expect(result.status == 0, "\(result.outputText)\(result.errorText)")
  }
}

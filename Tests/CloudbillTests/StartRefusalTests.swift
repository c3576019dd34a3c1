import Foundation
import TestSupport
import Testing

@Suite("Why cloudbill up does not start")
struct StartRefusalTests {
  private func up(
    data: String, basePort: UInt16 = RunningMesh.freeBasePort(), _ arguments: [String] = [],
    environment: [String: String] = [:]
  ) throws -> ProcessResult {
    try runProcess(
      RunningMesh.program, ["up", "--data", data, "--base-port", "\(basePort)"] + arguments,
      environment: ProcessInfo.processInfo.environment.merging(environment) { _, new in new })
  }

  @Test("a port that is taken is named, with who has it")
  func portTaken() throws {
    let directory = try TemporaryDirectory()
    let base = RunningMesh.freeBasePort()
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(listener) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = (3002 + base).bigEndian
    let isListening = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 && listen(listener, 1) == 0
      }
    }
    try #require(isListening)
    let result = try up(data: directory.path + "/data", basePort: base)
    #expect(result.status == 1)
    #expect(
      result.errorText.contains("port \(3002 + base) (billing RPC) is in use by process \(getpid())"),
      "\(result.errorText)")
    #expect(result.errorText.contains("--base-port"))
    #expect(!FileManager.default.fileExists(atPath: directory.path + "/data/postgres"))
  }

  @Test("a data directory too deep for PostgreSQL's socket is refused with the limit")
  func longPath() throws {
    let directory = try TemporaryDirectory()
    let deep = directory.path + "/" + String(repeating: "d", count: 100)
    let result = try up(data: deep)
    #expect(result.status == 1)
    #expect(result.errorText.contains("the data directory's path is too long"))
    #expect(result.errorText.contains("107 is the limit"))
    #expect(!FileManager.default.fileExists(atPath: deep))
  }

  @Test("an old PostgreSQL is refused with both versions")
  func oldPostgreSQL() throws {
    let directory = try TemporaryDirectory()
    for name in ["initdb", "postgres", "psql", "pg_isready"] {
      let path = "\(directory.path)/\(name)"
      try Data("#!/bin/sh\necho '\(name) (PostgreSQL) 14.9'\n".utf8).write(to: URL(filePath: path))
      chmod(path, 0o755)
    }
    let result = try up(data: directory.path + "/data", environment: ["CLOUDBILL_POSTGRES_BIN": directory.path])
    #expect(result.status == 1)
    #expect(result.errorText.contains("PostgreSQL 15 or newer is needed; installed is 14"), "\(result.errorText)")
  }

  @Test("a file where the data directory should be, a wrong address and wrong options are said plainly")
  func plainly() throws {
    let directory = try TemporaryDirectory()
    let file = directory.path + "/file"
    try Data().write(to: URL(filePath: file))
    #expect(try up(data: file).errorText.contains("is not a directory"))
    let address = try up(
      data: directory.path + "/data", environment: ["CLOUDBILL_DATABASE_URL": "mysql://root@localhost/x"])
    #expect(address.errorText.contains("CLOUDBILL_DATABASE_URL is not a PostgreSQL address"))
    let unreachable = try up(
      data: directory.path + "/data",
      environment: ["CLOUDBILL_DATABASE_URL": "postgresql://u:p@127.0.0.1:\(freePort())/x"])
    #expect(unreachable.status == 1)
    #expect(unreachable.errorText.contains("cannot prepare the database at"), "\(unreachable.errorText)")
    #expect(!(unreachable.errorText + unreachable.outputText).contains(":p@"))
    #expect(try up(data: directory.path, ["--port", "65530"]).errorText.contains("ports go from 1 to 65535"))
    #expect(
      try up(data: directory.path + "/data", ["--host", "10.255.255.1", "--expose-development"]).errorText.contains(
        "cannot listen on 10.255.255.1"))
  }
}

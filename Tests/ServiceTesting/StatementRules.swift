import Foundation
internal import Postgres
public import ServiceKit
import TestSupport

/// Whether the SQL of a service is declared once, and fits the database.
public enum StatementRules {
  /// What does not fit between a service's declared statements and a database with its migrations, for the role that sends them.
  public static func problems(of service: ServiceDefinition, in database: TestDatabase) async throws -> [String] {
    try await StatementCheck(conninfo: database.conninfo(service.name)).problems(of: service.statements)
  }

  /// SQL with numbered parameters, rows that are read by number, and declared statements that are in no list.
  /// - Parameters:
  ///   - target: the folder of `Sources` with the service.
  ///   - listed: how many statements the service lists.
  public static func violations(in target: String, listed: Int) throws -> [String] {
    let folder = TestEnvironment.root.appending(path: "Sources/\(target)")
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL }
    var found: [String] = []
    var declared = 0
    for file in files ?? [] where file.pathExtension == "swift" {
      let text = try String(contentsOf: file, encoding: .utf8)
      declared += text.components(separatedBy: "= DeclaredStatement<").count - 1
      if text.contains(/\$[1-9]\d?(?![\d$A-Za-z])/) { found.append("\(file.lastPathComponent) numbers a parameter") }
      if text.contains(/\[\d+, as:/) { found.append("\(file.lastPathComponent) reads a row by number") }
    }
    if declared == 0 || declared != listed { found.append("\(declared) statements are declared, \(listed) listed") }
    return found
  }
}

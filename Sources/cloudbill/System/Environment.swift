import Glibc

/// The variables this process was started with.
enum Environment {
  static subscript(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
  }

  static var all: [String: String] {
    var result: [String: String] = [:]
    var next = environ
    while let entry = next.pointee {
      let parts = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { result[String(parts[0])] = String(parts[1]) }
      next += 1
    }
    return result
  }

  /// What a child process inherits: nothing that says how an administrator logs in to the database. A child that is meant to know is told.
  static var forChildren: [String: String] {
    all.filter { !administratorVariables.contains($0.key) }
  }

  /// What libpq's own variables say of the administrator's login, for the one child that logs in as the administrator.
  static var administrator: [String: String] {
    all.filter { administratorVariables.contains($0.key) && $0.key != DatabaseAddress.variable }
  }

  private static let administratorVariables: Set<String> = [
    DatabaseAddress.variable, "PGUSER", "PGPASSWORD", "PGPASSFILE", "PGSERVICE", "PGSERVICEFILE", "PGSSLKEY",
  ]

  /// This program's own file.
  static var executable: String { Files.linkTarget("/proc/self/exe") ?? CommandLine.arguments[0] }
}

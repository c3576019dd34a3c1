/// The folder with a PostgreSQL server's programs, and its version.
struct PostgreSQLPrograms {
  /// What we need: `pg_stat_statements`-free, but with the `security_invoker` and `NULLS NOT DISTINCT` of 15.
  static let oldestVersion = 15
  static let variable = "CLOUDBILL_POSTGRES_BIN"

  let folder: String
  let version: Int

  func path(_ program: String) -> String { "\(folder)/\(program)" }

  /// The newest server installed, or of exactly the version that made an existing cluster.
  static func find(clusterVersion: Int?) throws -> PostgreSQLPrograms {
    let found = candidates()
    if let clusterVersion {
      if let match = found.first(where: { $0.version == clusterVersion }) { return match }
      throw CommandFailure(
        "the data directory was made by PostgreSQL \(clusterVersion); installed is \(list(found))",
        advice: [
          "apt-get install postgresql-\(clusterVersion), or start with a new data directory: --data DIR",
          "programs elsewhere? \(variable)=/path/to/bin",
        ])
    }
    if let best = found.first(where: { $0.version >= oldestVersion }) { return best }
    throw CommandFailure(
      "PostgreSQL \(oldestVersion) or newer is needed; installed is \(list(found))",
      advice: [
        "apt-get install postgresql",
        "programs elsewhere? \(variable)=/path/to/bin; a server elsewhere? \(DatabaseAddress.variable)=postgresql://…",
      ])
  }

  private static func list(_ found: [PostgreSQLPrograms]) -> String {
    found.isEmpty ? "none" : found.map { "\($0.version)" }.joined(separator: ", ")
  }

  /// Newest first.
  private static func candidates() -> [PostgreSQLPrograms] {
    if let chosen = Environment[variable] {
      return [PostgreSQLPrograms(folder: chosen)].compactMap(\.self)
    }
    let debian = Files.names(in: "/usr/lib/postgresql").map { "/usr/lib/postgresql/\($0)/bin" }
    let searched = (Environment["PATH"] ?? "").split(separator: ":").map(String.init)
    var versions: Set<Int> = []
    return (debian + searched).compactMap { PostgreSQLPrograms(folder: $0) }
      .filter { versions.insert($0.version).inserted }
      .sorted { $0.version > $1.version }
  }

  /// Nil when no complete server is in the folder.
  private init?(folder: String) {
    self.folder = folder
    guard ["initdb", "postgres", "psql", "pg_isready"].allSatisfy({ Files.exists("\(folder)/\($0)") }),
      let version = Self.version(of: "\(folder)/postgres")
    else { return nil }
    self.version = version
  }

  /// The major version out of "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)".
  private static func version(of program: String) -> Int? {
    guard let text = Program.output(of: program, ["--version"]),
      let number = text.split(separator: " ").dropFirst(2).first
    else { return nil }
    return Int(number.prefix { $0.isNumber })
  }
}

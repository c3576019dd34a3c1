public import Postgres

extension Migration {
  /// A migration from a file that is compiled into the program.
  public init(name: String, file: [UInt8]) {
    self.init(name: name, sql: String(decoding: file, as: UTF8.self))
  }

  /// What every database gets before the services' own migrations.
  static let common = Migration(name: "0001_public", file: PackageResources._001_public_sql)
}

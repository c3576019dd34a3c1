public import Postgres

/// The schema's history, in order. The files in `Migrations/` are compiled into the program.
public enum Migrations {
  public static let all: [Migration] = [
    Migration(name: "0001_public", sql: text(PackageResources._001_public_sql)),
    Migration(name: "0002_auth", sql: text(PackageResources._002_auth_sql)),
    Migration(name: "0003_billing", sql: text(PackageResources._003_billing_sql)),
  ]

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}

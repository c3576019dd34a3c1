public import Postgres

/// What a service process is told at its start. Values, not flags: reading flags and files is the executable's work.
public struct ServiceConfiguration: Sendable {
  /// The process' name in logs, metrics and its own claims: `auth`, `billing`.
  public var name: String
  /// The numeric address, or `localhost`, that all ports are bound to.
  public var host: String
  /// The RPC port; 0 takes a free one.
  public var port: UInt16
  /// The port of `/metrics` and `/health`; 0 takes a free one.
  public var metricsPort: UInt16
  /// The database, as the service's own role.
  public var database: DatabaseConfiguration
  /// Whose claims count.
  public var claimsKeys: [ClaimsKey]
  /// Event loops; `nil` takes one a core.
  public var loops: Int?
  /// How long running calls may take to finish when the process stops.
  public var drainLimit: Duration
  /// Where log lines go.
  public var log: LogOutput
  /// Whether each call leaves a line.
  public var logsCalls: Bool
  public var clock: WallClock

  public init(
    name: String, host: String = "127.0.0.1", port: UInt16, metricsPort: UInt16, database: DatabaseConfiguration,
    claimsKeys: [ClaimsKey], loops: Int? = nil, drainLimit: Duration = .seconds(8),
    log: LogOutput = .standardError, logsCalls: Bool = true, clock: WallClock = .system
  ) {
    self.name = name
    self.host = host
    self.port = port
    self.metricsPort = metricsPort
    self.database = database
    self.claimsKeys = claimsKeys
    self.loops = loops
    self.drainLimit = drainLimit
    self.log = log
    self.logsCalls = logsCalls
    self.clock = clock
  }
}

public import Postgres
public import Reactor

/// For whom a program runs.
public enum RunMode: String, Sendable, Hashable, CaseIterable {
  /// For its engineers: the demo data's password is accepted.
  case development
  /// For customers.
  case production
}

/// What a service process is told at its start. Values, not flags: reading flags and files is the executable's work.
public struct ServiceConfiguration: Sendable {
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
  /// Vouches for the process's own calls; nil when it makes none.
  public var signer: ClaimsSigner?
  /// Where the services that it calls listen, by name.
  public var peers: [String: [SocketAddress]] = [:]
  /// Signs access tokens; only for a service whose definition says that it does.
  public var accessTokens: JSONWebToken?
  public var mode: RunMode
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
    host: String = "127.0.0.1", port: UInt16, metricsPort: UInt16, database: DatabaseConfiguration,
    claimsKeys: [ClaimsKey], accessTokens: JSONWebToken? = nil, mode: RunMode = .development, loops: Int? = nil,
    drainLimit: Duration = .seconds(8), log: LogOutput = .standardError, logsCalls: Bool = true,
    clock: WallClock = .system
  ) {
    self.host = host
    self.port = port
    self.metricsPort = metricsPort
    self.database = database
    self.claimsKeys = claimsKeys
    self.accessTokens = accessTokens
    self.mode = mode
    self.loops = loops
    self.drainLimit = drainLimit
    self.log = log
    self.logsCalls = logsCalls
    self.clock = clock
  }
}

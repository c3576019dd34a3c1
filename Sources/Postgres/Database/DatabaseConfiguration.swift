/// How to reach a database and how much of it to use. Every bound is here.
public struct DatabaseConfiguration: Sendable {
  /// libpq connection string: keywords (`host=/run/postgresql dbname=cloudbill user=billing_app`) or a `postgresql://` URL.
  public var conninfo: String
  /// Connections an event loop may hold.
  public var connectionsPerLoop: Int
  /// Calls of an event loop that may wait for a connection; one more is refused with `.poolExhausted`.
  public var waitersPerLoop: Int
  /// One-round-trip transactions that may be under way on one connection, back to back, before callers wait.
  public var pipelineDepth: Int
  /// No statement runs longer, even when the deadline is further away.
  public var statementTimeout: Duration
  /// A transaction without a deadline is rolled back by the server when its client leaves it idle for longer. One with a deadline may be
  /// idle until then.
  public var idleTransactionTimeout: Duration
  /// A connection attempt, with the look-up of names and authentication, takes no longer.
  public var connectTimeout: Duration
  /// How often an interactive transaction, or a statement, that lost a race (40001, 40P01) is run in all.
  public var serializationAttempts: Int
  /// What the server's `pg_stat_activity` shows, unless `conninfo` says it.
  public var applicationName: String

  public init(
    conninfo: String, connectionsPerLoop: Int = 8, waitersPerLoop: Int = 1_024, pipelineDepth: Int = 4,
    statementTimeout: Duration = .seconds(30), idleTransactionTimeout: Duration = .seconds(60),
    connectTimeout: Duration = .seconds(5), serializationAttempts: Int = 5, applicationName: String = "cloudbill"
  ) {
    self.conninfo = conninfo
    self.connectionsPerLoop = max(1, connectionsPerLoop)
    self.waitersPerLoop = max(0, waitersPerLoop)
    self.pipelineDepth = max(1, pipelineDepth)
    self.statementTimeout = statementTimeout
    self.idleTransactionTimeout = idleTransactionTimeout
    self.connectTimeout = connectTimeout
    self.serializationAttempts = max(1, serializationAttempts)
    self.applicationName = applicationName
  }
}

internal import Postgres

/// What a process' database pools tell of themselves.
enum DatabaseMetrics {
  static func register(_ database: Database, in registry: MetricsRegistry) {
    func gauge(_ name: String, _ help: String, _ figure: @escaping @Sendable (DatabaseStatistics) -> Int) {
      registry.gauge("cloudbill_database_\(name)", help) { Double(figure(database.statistics)) }
    }
    func total(_ name: String, _ help: String, _ figure: @escaping @Sendable (DatabaseStatistics) -> Int) {
      registry.total("cloudbill_database_\(name)_total", help) { Double(figure(database.statistics)) }
    }
    gauge("connections", "Connections that are open or being opened.") { $0.connections }
    gauge("waiting", "Calls that wait for a connection.") { $0.waiting }
    gauge("leases", "Interactive transactions that hold a connection.") { $0.leases }
    total("round_trips", "Round trips that have ended.") { $0.roundTrips }
    total("retries", "Transactions run again because they lost a race.") { $0.retries }
    total("cancels", "Requests to cancel a statement that were sent.") { $0.cancels }
    total("connect_failures", "Attempts to connect that failed.") { $0.connectFailures }
    total("connections_lost", "Connections that ended by themselves.") { $0.connectionsLost }
  }
}

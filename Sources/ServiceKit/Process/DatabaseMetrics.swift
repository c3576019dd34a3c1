internal import Postgres

/// What a process' database pools tell of themselves.
enum DatabaseMetrics {
  static func register(_ database: Database, in registry: MetricsRegistry) {
    func gauge(_ name: String, _ help: String, _ figure: @escaping @Sendable (DatabaseStatistics) -> Int) {
      registry.gauge("cloudbill_database_\(name)", help) { Double(figure(database.statistics)) }
    }
    gauge("connections", "Connections that are open or being opened.") { $0.connections }
    gauge("waiting", "Calls that wait for a connection.") { $0.waiting }
    gauge("leases", "Interactive transactions that hold a connection.") { $0.leases }
    gauge("round_trips", "Round trips finished since the start.") { $0.roundTrips }
    gauge("retries", "Transactions run again because they lost a race, since the start.") { $0.retries }
    gauge("cancels", "Requests to cancel a statement sent since the start.") { $0.cancels }
    gauge("connect_failures", "Attempts to connect that failed since the start.") { $0.connectFailures }
    gauge("connections_lost", "Connections that ended by themselves since the start.") { $0.connectionsLost }
  }
}

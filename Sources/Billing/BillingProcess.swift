public import ServiceKit

/// The billing service.
public enum BillingProcess {
  /// Serves until `stop` is triggered, then drains and returns; see `ServiceProcess.run`.
  public static func run(
    _ configuration: ServiceConfiguration, until stop: StopSignal,
    started: (@Sendable (ServiceProcess.Addresses) -> Void)? = nil
  ) async throws {
    try await ServiceProcess.run(configuration, until: stop, started: started) { context in
      [BillingHandlers(database: context.database, clock: context.clock)]
    }
  }
}

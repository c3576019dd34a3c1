internal import Postgres
internal import Schema
public import ServiceKit

extension ServiceDefinition {
  /// What is sold and to whom: plans and subscriptions.
  public static let billing = ServiceDefinition(
    name: "billing", schema: "billing", port: 3002,
    migrations: [
      Migration(name: "0003_billing", file: PackageResources._003_billing_sql),
      ServiceTables.migration(
        name: "0004_billing", schema: "billing", before: PackageResources._004_billing_before_sql,
        after: PackageResources._004_billing_after_sql),
      Migration(name: "0005_billing_endings", file: PackageResources._005_billing_endings_sql),
    ],
    protobufServices: ["cloudbill.billing.v1.Billing"],
    statements: PlanStatements.all + SubscriptionStatements.all, demo: DemoBilling.statements
  ) { context in
    ServiceParts(services: [BillingHandlers(context)], workers: [EndingWorker(context).worker])
  }
}

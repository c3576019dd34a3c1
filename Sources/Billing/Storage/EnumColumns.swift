public import Postgres
public import Schema
public import ServiceKit

// The enumerations that columns hold, in the schema's spelling.
extension BillingV1.BillingCycle: SpelledEnum {}
extension BillingV1.SubscriptionStatus: SpelledEnum {}

import Foundation
import Testing

@Suite("Subscriptions and plans, over REST")
struct SubscriptionTests {
  private func text(daysFromNow days: Double) -> String {
    Date(timeIntervalSinceNow: days * 86_400).formatted(.iso8601.year().month().day()) + "T00:00:00Z"
  }

  /// The request of `system-design.md` 5.4; its dates are past by now.
  private func documentedRequest(end: String) -> String {
    """
    {
      "tenantId": "00000000-0000-0000-0000-000000000001",
      "planId": "pro-monthly",
      "billingCycle": "monthly",
      "currentPrice": 99.00,
      "currentPeriodEnd": "\(end)",
      "currency": "USD",
      "autoRenew": true
    }
    """
  }

  @Test("the documented request creates a subscription and gets the documented answer")
  func create() throws {
    let client = try RestClient.signedIn()
    let end = text(daysFromNow: 28)
    let reply = try client.post("/api/billing/subscriptions", documentedRequest(end: end))
    #expect(reply.status == 201, "\(reply.text)")
    #expect(reply.json["success"] == .bool(true))
    #expect(reply.json["message"] == .string("Subscription created successfully"))
    let data = reply.data
    #expect(data["id"].text.flatMap(UUID.init(uuidString:)) != nil)
    #expect(data["tenantId"] == .string(RestClient.acme))
    #expect(data["planId"] == .string("pro-monthly"))
    #expect(data["status"] == .string("active"))
    #expect(data["billingCycle"] == .string("monthly"))
    #expect(data["currentPrice"] == .number("99.00"))
    #expect(data["currency"] == .string("USD"))
    #expect(data["currentPeriodEnd"] == .string(end))
    #expect(data["autoRenew"] == .bool(true))
    #expect(data["isTrial"] == .bool(false))
    for key in ["startedAt", "currentPeriodStart", "createdAt", "updatedAt"] {
      #expect(data[key].text?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/) != nil, "\(key): \(data[key])")
    }
  }

  @Test("a subscription is read, changed and cancelled")
  func life() throws {
    let client = try RestClient.signedIn("billing@acme.test")
    let created = try client.post(
      "/api/billing/subscriptions", documentedRequest(end: text(daysFromNow: 20)))
    let id = try #require(created.data["id"].text, "\(created.text)")
    let read = try client.get("/api/billing/subscriptions/\(id)")
    #expect(read.status == 200)
    #expect(read.data == created.data)

    let changed = try client.patch("/api/billing/subscriptions/\(id)", #"{"autoRenew":false,"metadata":{"seats":3}}"#)
    #expect(changed.status == 200, "\(changed.text)")
    #expect(changed.data["autoRenew"] == .bool(false))
    #expect(changed.data["metadata"]["seats"] == .number("3"))
    #expect(changed.data["currentPrice"] == .number("99.00"))

    let later = try client.post("/api/billing/subscriptions/\(id)/cancel", #"{"immediately":false}"#)
    #expect(later.status == 200, "\(later.text)")
    #expect(later.data["status"] == .string("active"))
    #expect(later.data["expiresAt"] == later.data["currentPeriodEnd"])
    let now = try client.post("/api/billing/subscriptions/\(id)/cancel", #"{"immediately":true}"#)
    #expect(now.status == 200, "\(now.text)")
    #expect(now.data["status"] == .string("cancelled"))
    #expect(try client.post("/api/billing/subscriptions/\(id)/cancel", #"{"immediately":true}"#).status == 409)
    #expect(try client.get("/api/billing/subscriptions/\(id)").data["status"] == .string("cancelled"))
  }

  @Test("lists come in pages that neither miss nor repeat an entry")
  func pages() throws {
    let client = try RestClient.signedIn("viewer@acme.test")
    let first = try client.get("/api/billing/subscriptions?status=active&page=1&limit=5")
    #expect(first.status == 200, "\(first.text)")
    #expect(first.json["pagination"].keys == ["page", "limit", "total", "totalPages"])
    #expect(first.json["pagination"]["limit"].integer == 5)
    let total = try #require(first.json["pagination"]["total"].integer)
    #expect(total > 5)
    #expect(first.json["pagination"]["totalPages"].integer == (total + 4) / 5)
    #expect(first.data.elements.count == 5)
    #expect(first.data.elements.allSatisfy { $0["status"] == .string("active") })
    let second = try client.get("/api/billing/subscriptions?status=active&page=2&limit=5")
    let ids = (first.data.elements + second.data.elements).compactMap(\.["id"].text)
    // Other tests create subscriptions meanwhile: an entry may move to the next page, never vanish.
    #expect(Set(ids).count >= ids.count - 4)
    let beyond = try client.get("/api/billing/subscriptions?page=10000")
    #expect(beyond.status == 200)
    #expect(beyond.data == .array([]))
  }

  @Test("the demo data has subscriptions in every state")
  func states() throws {
    let client = try RestClient.signedIn()
    for status in ["active", "cancelled", "expired", "suspended", "past_due"] {
      let reply = try client.get("/api/billing/subscriptions?status=\(status)")
      #expect(reply.data.elements.isEmpty == false, "none is \(status)")
      #expect(reply.data.elements.allSatisfy { $0["status"] == .string(status) })
    }
  }

  @Test("plans are listed, added and read")
  func plans() throws {
    let client = try RestClient.signedIn()
    #expect(
      try client.get("/api/billing/plans?limit=100").data.elements.contains { $0["id"] == .string("pro-monthly") })
    let id = "plan-\(UUID().uuidString.lowercased())"
    let created = try client.post(
      "/api/billing/plans",
      #"{"id":"\#(id)","name":"Ten","billingCycle":"yearly","price":1200.50,"currency":"EUR","trialDays":14}"#)
    #expect(created.status == 201, "\(created.text)")
    #expect(created.data["price"] == .number("1200.50"))
    #expect(try client.get("/api/billing/plans/\(id)").data == created.data)
    let changed = try client.patch("/api/billing/plans/\(id)", #"{"name":"Eleven"}"#)
    #expect(changed.data["name"] == .string("Eleven"), "\(changed.text)")
    #expect(changed.data["trialDays"].integer == 14)
  }

  @Test("a POST asked again with its key gives the same answer, another body is refused")
  func idempotency() throws {
    let client = try RestClient.signedIn()
    let key = "Idempotency-Key: \(UUID().uuidString)"
    let body = documentedRequest(end: text(daysFromNow: 9))
    let first = try client.post("/api/billing/subscriptions", body, headers: [key])
    let second = try client.post("/api/billing/subscriptions", body, headers: [key])
    #expect(first.status == 201, "\(first.text)")
    #expect(second.status == 201, "\(second.text)")
    #expect(second.data == first.data)
    let other = try client.post(
      "/api/billing/subscriptions", documentedRequest(end: text(daysFromNow: 8)), headers: [key])
    #expect(other.status == 422, "\(other.text)")
  }

  @Test(
    "what a field may not be is refused with the field named",
    arguments: [
      (#"{"planId":"pro-monthly","currentPrice":"99"}"#, "currentPrice"),
      (#"{"planId":"pro-monthly","currentPrice":99.001,"currency":"USD"}"#, "currentPrice"),
      (#"{"planId":"pro-monthly","billingCycle":"weekly"}"#, "billingCycle"),
      (#"{"planId":"pro-monthly","status":"cancelled"}"#, "status"),
      (#"{"planId":"pro-monthly","planId":"pro-monthly"}"#, "planId"),
      (#"{"planId":"pro-monthly","currentPeriodEnd":"tomorrow"}"#, "currentPeriodEnd"),
      (#"{"planId":"pro-monthly","currentPeriodEnd":"2001-01-01T00:00:00Z"}"#, "currentPeriodEnd"),
    ])
  func badField(body: String, field: String) throws {
    let reply = try RestClient.signedIn().post("/api/billing/subscriptions", body)
    #expect(reply.status == 400, "\(reply.text)")
    #expect(reply.error["code"] == .string("VALIDATION_ERROR"))
    #expect(reply.error["field"] == .string(field), "\(reply.text)")
  }

  @Test(
    "page and limit have bounds", arguments: ["page=0", "limit=0", "limit=101", "page=x", "page=1&page=2", "nope=1"])
  func badQuery(query: String) throws {
    let reply = try RestClient.signedIn().get("/api/billing/subscriptions?\(query)")
    #expect(reply.status == 400, "\(reply.text)")
    #expect(reply.error["code"] == .string("VALIDATION_ERROR"))
  }
}

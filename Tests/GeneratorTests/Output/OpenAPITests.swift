import Foundation
import Protobuf
import Schema
import TestSupport
import Testing

/// The OpenAPI document says what the edge does: it is held against the specification, the route table and real replies.
@Suite("The OpenAPI document")
struct OpenAPITests {
  private typealias Object = [String: Any]

  private static let file = TestEnvironment.root.appending(path: "Sources/Schema/openapi.json")

  private func document() throws -> Object {
    try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: Self.file)) as? Object)
  }

  private func schema(_ name: String) throws -> Object {
    let schemas = (try document()["components"] as? Object)?["schemas"] as? Object
    return try #require(schemas?[name] as? Object, "there is no schema \(name)")
  }

  @Test("is valid OpenAPI 3.1", arguments: ["Sources/Schema", "Tests/GeneratorTests/Golden/rest/Generated"])
  func valid(folder: String) throws {
    let path = TestEnvironment.root.appending(path: "\(folder)/openapi.json").path
    let result = try runProcess(TestEnvironment.python, ["-m", "openapi_spec_validator", "--schema", "3.1", path])
    #expect(result.status == 0, "\(result.outputText)\(result.errorText)")
  }

  @Test("is what the edge serves, byte for byte")
  func sameAsServed() throws {
    let served = OpenAPIDocument.json.description
    #expect(try String(contentsOf: Self.file, encoding: .utf8) == served + "\n")
  }

  @Test("has every route with its headers, status, access and envelope")
  func routes() throws {
    let paths = try #require(try document()["paths"] as? Object)
    var operations = 0
    for case let path as Object in paths.values { operations += path.count }
    #expect(operations == RestRoutes.all.count)
    for route in RestRoutes.all {
      let name = Comment(rawValue: "\(route.method) \(route.template)")
      let operation = try #require((paths[route.template] as? Object)?[route.method.lowercased()] as? Object, name)
      let parameters = operation["parameters"] as? [Object] ?? []
      let headers = parameters.filter { $0["in"] as? String == "header" }.compactMap { $0["name"] as? String }
      #expect(headers.contains("Idempotency-Key") == (route.idempotency == .keyed), name)
      #expect(headers.contains("X-Tenant-ID") == route.tenantHeaderRequired, name)
      let security = operation["security"] as? [Object]
      #expect(security?.isEmpty == (route.access == .open), name)
      #expect((operation["requestBody"] != nil) == (route.body != .none), name)
      let responses = try #require(operation["responses"] as? Object, name)
      let success = try #require(responses[String(route.successStatus)] as? Object, name)
      let content = (success["content"] as? Object)?["application/json"] as? Object
      let envelope = (content?["schema"] as? Object)?["properties"] as? Object
      #expect((envelope?["pagination"] != nil) == route.paginated, name)
      #expect(envelope?["data"] != nil && envelope?["timestamp"] != nil, name)
      #expect((responses["default"] as? Object)?["$ref"] as? String == "#/components/responses/Error", name)
    }
  }

  @Test("says the rules of a request: what is required, lengths, patterns and bounds")
  func rules() throws {
    let paths = try #require(try document()["paths"] as? Object)
    func operation(_ method: String, _ path: String) throws -> Object {
      try #require((paths[path] as? Object)?[method] as? Object)
    }
    let body = try #require(try operation("post", "/api/billing/plans")["requestBody"] as? Object)
    let plan = try #require(((body["content"] as? Object)?["application/json"] as? Object)?["schema"] as? Object)
    #expect(Set(plan["required"] as? [String] ?? []) == ["id", "name", "billingCycle", "price", "currency"])
    let properties = try #require(plan["properties"] as? [String: Object])
    #expect(properties["id"]?["pattern"] as? String == "^[a-z0-9][a-z0-9-]*$")
    #expect(properties["id"]?["minLength"] as? Int == 1 && properties["id"]?["maxLength"] as? Int == 100)
    #expect(properties["price"]?["minimum"] as? Int == 0 && properties["price"]?["maximum"] as? Int == 999_999_999_999)
    #expect(properties["trialDays"]?["maximum"] as? Int == 730)
    let name = try #require(properties["name"]?["pattern"] as? String)
    #expect(name.contains("\\u202e") && !name.contains("\\x{"))
    // The pattern as JSON Schema has it finds what the service finds.
    let pattern = try NSRegularExpression(pattern: name)
    for (text, fits) in [
      ("Pro", true), ("a b", true), ("", false), ("  ", false), ("a\nb", false), ("a\u{202e}", false),
    ] {
      #expect((pattern.firstMatch(in: text, range: NSRange(text.startIndex..., in: text)) != nil) == fits, "\(text)")
      let request = BillingV1.CreatePlanRequest(
        id: "p", name: text, billingCycle: .monthly, price: 0, currency: "USD")
      #expect(request.violations().isEmpty == fits, "\(text)")
    }
    let list = try operation("get", "/api/billing/plans")["parameters"] as? [Object] ?? []
    let limit = list.first { $0["name"] as? String == "limit" }?["schema"] as? Object
    #expect(limit?["minimum"] as? Int == 1 && limit?["maximum"] as? Int == 100)
  }

  @Test("says which errors an operation has, with their codes, and the headers of versions and of patience")
  func errors() throws {
    let document = try document()
    let paths = try #require(document["paths"] as? Object)
    #expect((document["servers"] as? [Object])?.first?["url"] as? String == "/")
    let named = try #require((document["components"] as? Object)?["responses"] as? [String: Object])
    for (name, code) in [
      ("BadRequest", "VALIDATION_ERROR"), ("PreconditionFailed", "VERSION_MISMATCH"),
      ("TooManyRequests", "RATE_LIMIT_EXCEEDED"),
    ] {
      #expect((named[name]?["description"] as? String)?.contains("`\(code)`") == true, "\(name)")
    }
    for name in ["TooManyRequests", "Unavailable"] {
      #expect((named[name]?["headers"] as? Object)?["Retry-After"] != nil, "\(name)")
    }
    for route in RestRoutes.all {
      let name = Comment(rawValue: "\(route.method) \(route.template)")
      let operation = try #require((paths[route.template] as? Object)?[route.method.lowercased()] as? Object, name)
      let responses = try #require(operation["responses"] as? Object, name)
      let hasPath = route.segments.contains { if case .variable = $0 { true } else { false } }
      #expect(responses["400"] != nil && responses["429"] != nil && responses["503"] != nil, name)
      #expect((responses["404"] != nil) == hasPath, name)
      #expect((responses["415"] != nil) == (route.body != .none), name)
      #expect((responses["422"] != nil) == (route.idempotency == .keyed), name)
      let success = responses[String(route.successStatus)] as? Object
      let headers = (operation["parameters"] as? [Object] ?? []).compactMap { $0["name"] as? String }
      let isOfOneObject = route.service == "billing" && !route.paginated
      #expect(((success?["headers"] as? Object)?["ETag"] != nil) == isOfOneObject, name)
      #expect(headers.contains("If-Match") == (isOfOneObject && hasPath && route.method != "GET"), name)
    }
  }

  @Test("requires of a reply only what even the emptiest reply has, and types it as it is printed")
  func replies() throws {
    let subscription = BillingV1.Subscription(id: "s", status: .active, billingCycle: .monthly)
    try agree("Subscription", with: subscription)
    try agree("Plan", with: BillingV1.Plan(id: "p", billingCycle: .yearly))
    try agree("User", with: AuthV1.User(id: "u", role: .viewer, status: .active))
    try agree("LoginResponse", with: AuthV1.LoginResponse())
    try agree("Pagination", with: CommonV1.Pagination())
  }

  private func agree(_ name: String, with message: some Message) throws {
    let reply = try #require(
      try JSONSerialization.jsonObject(with: Data(message.json(options: .rest))) as? [String: Any])
    let schema = try schema(name)
    let required = Set(schema["required"] as? [String] ?? [])
    #expect(required.isSubset(of: reply.keys), "\(name) lacks \(required.subtracting(reply.keys))")
    let properties = try #require(schema["properties"] as? Object)
    for (key, value) in reply {
      let property = try #require(properties[key] as? Object, "\(name).\(key) is not in the document")
      switch property["type"] as? String {
      case "string": #expect(value is String, "\(name).\(key)")
      case "boolean": #expect((value as? NSNumber).map { $0 == 0 || $0 == 1 } == true, "\(name).\(key)")
      case "integer", "number": #expect(value is NSNumber, "\(name).\(key)")
      default: break
      }
    }
  }
}

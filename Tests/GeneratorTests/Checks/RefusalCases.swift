extension RefusalTests {
  static let cases = methodCases + routeCases + amountCases + nameCases + featureCases + ruleCases

  private static let imports = """
    import "cloudbill/options/v1/options.proto";
    import "google/api/annotations.proto";
    message Q { string id = 1; repeated string ids = 2; bytes raw = 3; }
    message R {}

    """

  /// A service with one method; its options begin on line 8.
  private static func method(_ options: String, signature: String = "Get(Q) returns (R)") -> String {
    imports + "service S { rpc \(signature) {\n\(options)\n} }"
  }

  private static func route(_ binding: String) -> String {
    method("option (google.api.http) = {\(binding)};option (cloudbill.options.v1.method) = {open: true};")
  }

  private static func field(_ declaration: String) -> String {
    "import \"cloudbill/options/v1/options.proto\";\nimport \"google/protobuf/wrappers.proto\";\n"
      + "message M { string currency = 1; int32 count = 2;\n\(declaration)\n}"
  }

  // MARK: Methods

  private static let methodCases = [
    Refusal(
      rule: "access-declared", body: method(""),
      message: "a.proto:7: Get does not say who may call it: give (cloudbill.options.v1.method) one of open, session, "
        + "permission, service"),
    Refusal(
      rule: "permission-name", body: method("option (cloudbill.options.v1.method) = {permission: \"Read things\"};"),
      message: "a.proto:7: the permission 'Read things' of Get is not of the form noun:verb, such as subscriptions:read"
    ),
    Refusal(
      rule: "service-has-no-route",
      body: method(
        "option (google.api.http) = {get: \"/a\"};option (cloudbill.options.v1.method) = {service: true};"),
      message: "a.proto:7: Get is for our own processes only, so it cannot have a REST route"),
    Refusal(
      rule: "retry-safe",
      body: method("option (cloudbill.options.v1.method) = {open: true retry: {max_attempts: 3}};"),
      message: "a.proto:7: Get may not be retried: its idempotency is not declared READ, IDEMPOTENT or KEYED"),
    Refusal(
      rule: "retry-safe",
      body: method(
        "option (cloudbill.options.v1.method) = {open: true retry: {max_attempts: 2 hedging_delay: {seconds: 1}}};"),
      message: "a.proto:7: Get may not be hedged: its idempotency is not declared READ, IDEMPOTENT or KEYED"),
    Refusal(
      rule: "retry-attempts",
      body: method(
        "option (cloudbill.options.v1.method) = {open: true idempotency: IDEMPOTENCY_READ retry: {max_attempts: 9}};"),
      message: "a.proto:7: max_attempts of Get is 9; it must be 2 to 5"),
    Refusal(
      rule: "retry-unary",
      body: method(
        "option (cloudbill.options.v1.method) = {open: true idempotency: IDEMPOTENCY_READ retry: {max_attempts: 2}};",
        signature: "Watch(Q) returns (stream R)"),
      message: "a.proto:7: Watch is a stream: only unary calls are retried"),
    Refusal(
      rule: "timeout-positive", body: method("option (cloudbill.options.v1.method) = {open: true timeout: {}};"),
      message: "a.proto:7: the timeout of Get is not positive: leave it out for as long as it takes"),
    Refusal(
      rule: "success-status", body: method("option (cloudbill.options.v1.method) = {open: true success_status: 404};"),
      message: "a.proto:7: success_status of Get is 404; it must be 200 to 299"),
  ]

  // MARK: Routes

  private static let routeCases = [
    Refusal(
      rule: "route-conflict",
      body: imports + """
        service S {
          rpc First(Q) returns (R) {
            option (google.api.http) = {get: "/things/{id}"};
            option (cloudbill.options.v1.method) = {open: true};
          }
          rpc Second(Q) returns (R) {
            option (google.api.http) = {get: "/things/{id}"};
            option (cloudbill.options.v1.method) = {open: true};
          }
        }
        """,
      message: "a.proto:12: GET /things/{id} of Second answers the same requests as First at a.proto:8"),
    Refusal(
      rule: "route-unary",
      body: method(
        "option (google.api.http) = {get: \"/a\"};option (cloudbill.options.v1.method) = {open: true};",
        signature: "Watch(Q) returns (stream R)"),
      message: "a.proto:7: Watch is a stream: only unary methods can have a REST route"),
    Refusal(
      rule: "route-template", body: route("get: \"things\""),
      message: "a.proto:7: 'things' does not begin with a slash"),
    Refusal(
      rule: "route-template", body: route("get: \"/things/{id=a/*}\""),
      message: "a.proto:7: '{id=a' in /things/{id=a/*}: a segment is either plain text or one {field}"),
    Refusal(
      rule: "route-template", body: route("get: \"/things/{id.part}\""),
      message: "a.proto:7: '{id.part}' in /things/{id.part}: only the name of one field is supported"),
    Refusal(
      rule: "route-template", body: route("custom: {kind: \"HEAD\" path: \"/a\"}"),
      message: "a.proto:7: Get: the HTTP method 'HEAD' is not supported"),
    Refusal(
      rule: "route-field", body: route("get: \"/things/{name}\""),
      message: "a.proto:7: {name} in /things/{name}: Q has no field 'name'"),
    Refusal(
      rule: "route-field", body: route("get: \"/things/{ids}\""),
      message: "a.proto:7: {ids} in /things/{ids}: only a single string, integer, bool or enum can be there"),
    Refusal(
      rule: "route-field", body: route("get: \"/things/{raw}\""),
      message: "a.proto:7: {raw} in /things/{raw}: only a single string, integer, bool or enum can be there"),
    Refusal(
      rule: "route-body", body: route("get: \"/things\" body: \"*\""), message: "a.proto:7: Get: a GET has no body"),
    Refusal(
      rule: "route-body", body: route("post: \"/things\" body: \"thing\""),
      message: "a.proto:7: Get: the body is 'thing', but Q has no such field"),
    Refusal(
      rule: "route-response", body: route("get: \"/things\" response_body: \"things\""),
      message: "a.proto:7: Get: response_body is 'things', but R has no such field"),
    Refusal(
      rule: "patch-mask", body: route("patch: \"/things/{id}\" body: \"*\""),
      message:
        "a.proto:7: Get: without a google.protobuf.FieldMask in Q, a PATCH cannot tell absent from empty"),
  ]

  // MARK: Amounts

  private static let amountCases = [
    Refusal(
      rule: "money-declared", body: field("int64 unit_price = 3;"),
      message: "a.proto:6: 'unit_price' sounds like money: declare (cloudbill.options.v1.field).money.currency_field, "
        + ".decimal_scale or .plain"),
    Refusal(
      rule: "money-type", body: field("double amount = 3;"),
      message: "a.proto:6: 'amount' sounds like money and is binary floating point: use an int64 of minor units"),
    Refusal(
      rule: "money-type",
      body: field("int32 total = 3 [(cloudbill.options.v1.field).money.currency_field = \"currency\"];"),
      message: "a.proto:6: money is an int64 of minor units (or google.protobuf.Int64Value); 'total' is neither"),
    Refusal(
      rule: "money-currency",
      body: field("int64 total = 3 [(cloudbill.options.v1.field).money.currency_field = \"count\"];"),
      message: "a.proto:6: 'total' says its currency is in 'count', but M has no string field of that name"),
    Refusal(
      rule: "money-currency", body: field("int64 total = 3 [(cloudbill.options.v1.field).money = {}];"),
      message: "a.proto:6: 'total' is money: name the field that holds its currency, "
        + "(cloudbill.options.v1.field).money.currency_field = \"currency\""),
    Refusal(
      rule: "decimal-type", body: field("string rate = 3 [(cloudbill.options.v1.field).decimal_scale = 4];"),
      message: "a.proto:6: a decimal is an integer of units of 10^-scale; 'rate' is none"),
    Refusal(
      rule: "decimal-scale", body: field("int64 rate = 3 [(cloudbill.options.v1.field).decimal_scale = 19];"),
      message: "a.proto:6: the scale of 'rate' is 19; it must be 1 to 18"),
  ]

  // MARK: Names

  private static let nameCases = [
    Refusal(
      rule: "name-collision", body: "message A {}\nmessage a {}",
      message: "a.proto:4: in SampleV1, A and a would share the type A: rename one"),
    Refusal(
      rule: "name-collision", body: "message BillingClient {}\nservice Billing {}",
      message:
        "a.proto:4: in SampleV1, BillingClient and service Billing would share the type BillingClient: rename one"),
    Refusal(
      rule: "name-collision",
      body: "message A {\n  string tenant_id = 1;\n  oneof tenantID { string a = 2; }\n}",
      message: "a.proto:3: in A, tenant_id and tenantID would share the property tenantID: rename one"),
    Refusal(
      rule: "name-collision", body: "message A {\n  repeated string names = 1;\n  int32 n_names = 2;\n}",
      message: "a.proto:5: in A, the count of names and n_names would share the C member n_names: rename one"),
    Refusal(
      rule: "name-collision", body: "message A {\n  string base = 1;\n}",
      message: "a.proto:4: in A, protobuf-c's own `base` and base would share the C member base: rename one"),
    Refusal(
      rule: "name-collision",
      body: "enum E {\n  option allow_alias = true;\n  E_NONE = 0;\n  E_A_B = 1;\n  E_A__B = 1;\n}",
      message: "a.proto:7: in E, E_A_B and E_A__B would share the case aB: rename one"),
    Refusal(
      rule: "name-collision",
      body: "message M {}\nservice S {\n  rpc GetIt(M) returns (M);\n  rpc get_it(M) returns (M);\n}",
      message: "a.proto:6: in S, GetIt and get_it would share the method getIt: rename one", parameter: ""),
    Refusal(
      rule: "name-collision",
      body: """
        import "cloudbill/options/v1/options.proto";
        enum E {
          E_A = 0 [(cloudbill.options.v1.value).json = "a"];
          E_B = 1 [(cloudbill.options.v1.value).json = "a"];
        }
        """,
      message: "a.proto:6: in E, E_A and E_B would share the JSON spelling a: rename one"),
  ]

  // MARK: Rules of fields

  /// A message of one field on line 6.
  private static func rule(_ declaration: String) -> String {
    "import \"buf/validate/validate.proto\";\nimport \"google/protobuf/timestamp.proto\";\nmessage M {\n  \(declaration)\n}"
  }

  private static func unsupported(_ declaration: String, _ rule: String, owner: String = "'a'", line: Int = 6)
    -> Refusal
  {
    Refusal(
      rule: "rule-supported", body: self.rule(declaration),
      message: "a.proto:\(line): \(owner) has the rule (buf.validate.\(rule), which the generator makes no check of: "
        + "state it in the service", parameter: "")
  }

  private static func broken(_ name: String, _ declaration: String, _ message: String) -> Refusal {
    Refusal(rule: name, body: rule(declaration), message: "a.proto:6: \(message)", parameter: "")
  }

  private static let ruleCases = [
    unsupported("string a = 1 [(buf.validate.field).string.hostname = true];", "field).string.hostname"),
    unsupported("string a = 1 [(buf.validate.field).string.contains = \"x\"];", "field).string.contains"),
    unsupported("string a = 1 [(buf.validate.field).cel = {id: \"x\"}];", "field).cel"),
    unsupported("repeated string a = 1 [(buf.validate.field).repeated.unique = true];", "field).repeated.unique"),
    unsupported("repeated string a = 1 [(buf.validate.field).repeated.items.string.uri = true];", "field).string.uri"),
    unsupported(
      "google.protobuf.Timestamp a = 1 [(buf.validate.field).timestamp.gt_now = true];", "field).timestamp.gt_now"),
    unsupported("bytes a = 1 [(buf.validate.field).bytes.pattern = \"a\"];", "field).bytes.pattern"),
    unsupported("option (buf.validate.message).cel = {id: \"x\"};", "message).cel", owner: "message M", line: 5),
    broken(
      "rule-type", "int32 a = 1 [(buf.validate.field).int64.gt = 1];",
      "'a' has rules of int64; its type takes rules of int32"),
    broken(
      "rule-type", "google.protobuf.Timestamp a = 1 [(buf.validate.field).string.min_len = 1];",
      "'a' has rules of string; its type takes no rules but `required`"),
    broken(
      "rule-type", "repeated string a = 1 [(buf.validate.field).string.min_len = 1];",
      "'a' has rules of string; its type takes rules of repeated"),
    broken(
      "rule-pattern", "string a = 1 [(buf.validate.field).string.pattern = \"(a\"];",
      "the pattern of 'a': a '(' has no ')'"),
    broken(
      "rule-range", "string a = 1 [(buf.validate.field).string = {min_len: 3, max_len: 2}];",
      "min_len of 'a' is 3 and max_len is 2"),
    broken(
      "rule-range", "int32 a = 1 [(buf.validate.field).int32 = {gt: 3, lt: 3}];",
      "the lower bound of 'a' is not below its upper one"),
    Refusal(
      rule: "object-type",
      body: "import \"cloudbill/options/v1/options.proto\";\nmessage M {\n"
        + "  string a = 1 [(cloudbill.options.v1.field).object = {max_bytes: 1 max_depth: 1}];\n}",
      message: "a.proto:5: 'a' has bounds of an object and is no google.protobuf.Struct", parameter: ""),
  ]

  // MARK: Features

  private static let featureCases = [
    Refusal(
      rule: "known-types",
      body: "import \"google/protobuf/api.proto\";\nmessage A {\n  google.protobuf.Api api = 1;\n}",
      message: "a.proto:5: google.protobuf.Api has no Swift value in the Protobuf library")
  ]
}

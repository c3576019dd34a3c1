import CProtobufC

/// Reads the custom options that the descriptors carry as unknown fields: ours and `google.api.http`.
enum OptionsReader {
  /// The numbers of the extensions; see `proto/cloudbill/options/v1/options.proto`.
  private enum Extension {
    static let method = 50100
    static let field = 50101
    static let enumValue = 50102
    static let http = 72_295_728
  }

  /// The wire types our options use. (The C constants live in a header that two C modules share and Swift finds in neither.)
  private enum WireType {
    static let varint: UInt32 = 0
    static let lengthPrefixed: UInt32 = 2
  }

  /// The unknown fields of an options message. An option set in several parts arrives in several fields.
  static func unknownFields(_ message: ProtobufCMessage) -> [WireField] {
    var result: [WireField] = []
    for index in 0..<Int(message.n_unknown_fields) {
      let field = message.unknown_fields[index]
      let bytes = Array(UnsafeBufferPointer(start: field.data, count: field.len))
      switch field.wire_type.rawValue {
      case WireType.varint:
        var position = 0
        guard let value = WireReader.varint(bytes, &position) else { continue }
        result.append(WireField(number: Int(field.tag), value: .varint(value)))
      case WireType.lengthPrefixed:
        var position = 0
        guard WireReader.varint(bytes, &position) != nil else { continue }
        result.append(WireField(number: Int(field.tag), value: .bytes(Array(bytes[position...]))))
      default: continue
      }
    }
    return result
  }

  // MARK: google.api.http

  static func bindings(_ options: [WireField]) -> [HTTPBinding] {
    let rule = merged(options, Extension.http)
    guard !rule.isEmpty else { return [] }
    return [binding(rule)] + rule.filter { $0.number == 11 }.map { binding($0.fields) }
  }

  private static func binding(_ rule: [WireField]) -> HTTPBinding {
    var result = HTTPBinding(method: "", template: "", body: "", responseBody: "")
    for field in rule {
      switch field.number {
      case 2: (result.method, result.template) = ("GET", field.text ?? "")
      case 3: (result.method, result.template) = ("PUT", field.text ?? "")
      case 4: (result.method, result.template) = ("POST", field.text ?? "")
      case 5: (result.method, result.template) = ("DELETE", field.text ?? "")
      case 6: (result.method, result.template) = ("PATCH", field.text ?? "")
      case 7: result.body = field.text ?? ""
      case 8:
        for part in field.fields {
          if part.number == 1 { result.method = part.text ?? "" }
          if part.number == 2 { result.template = part.text ?? "" }
        }
      case 12: result.responseBody = field.text ?? ""
      default: break
      }
    }
    return result
  }

  // MARK: cloudbill.options.v1

  static func methodRule(_ options: [WireField]) -> MethodRule? {
    guard options.contains(where: { $0.number == Extension.method }) else { return nil }
    var rule = MethodRule(access: nil, idempotency: .unspecified, retry: nil, successStatus: 200, successMessage: "")
    for field in merged(options, Extension.method) {
      switch field.number {
      case 1: rule.access = field.integer == 1 ? .open : nil
      case 2: rule.access = field.integer == 1 ? .session : nil
      case 3: rule.access = .permission(field.text ?? "")
      case 4: rule.access = field.integer == 1 ? .service : nil
      case 5: rule.idempotency = MethodIdempotency(rawValue: Int32(field.integer ?? 0)) ?? .unspecified
      case 6: rule.retry = retryRule(field.fields, over: rule.retry)
      case 7: rule.successStatus = Int(field.integer ?? 200)
      case 8: rule.successMessage = field.text ?? ""
      case 11: rule.isVersioned = field.integer == 1
      case 9: rule.timeout = nanoseconds(field.fields)
      case 10: if let name = field.text { rule.services.append(name) }
      default: break
      }
    }
    return rule
  }

  private static func retryRule(_ fields: [WireField], over earlier: RetryRule?) -> RetryRule {
    var rule =
      earlier
      ?? RetryRule(maximumAttempts: 0, initialBackoff: 50_000_000, maximumBackoff: 1_000_000_000, hedgingDelay: nil)
    for field in fields {
      switch field.number {
      case 1: rule.maximumAttempts = Int(field.integer ?? 0)
      case 2: rule.initialBackoff = nanoseconds(field.fields)
      case 3: rule.maximumBackoff = nanoseconds(field.fields)
      case 4: rule.hedgingDelay = nanoseconds(field.fields)
      default: break
      }
    }
    return rule
  }

  /// A google.protobuf.Duration.
  private static func nanoseconds(_ fields: [WireField]) -> Int64 {
    fields.reduce(0) { sum, field in
      sum + (field.integer ?? 0) * (field.number == 1 ? 1_000_000_000 : 1)
    }
  }

  /// The format of a field, or `nil` when the options say nothing.
  static func format(_ options: [WireField]) -> FieldFormat? {
    var result: FieldFormat?
    for field in merged(options, Extension.field) {
      switch field.number {
      case 1: result = .money(currencyField: field.fields.last { $0.number == 1 }?.text ?? "")
      case 2: result = .decimal(scale: Int(field.integer ?? 0))
      case 3: result = .plain
      default: break
      }
    }
    return result
  }

  /// The bounds of an object, or `nil` when the options say nothing.
  static func objectRule(_ options: [WireField]) -> ObjectRule? {
    let fields = merged(options, Extension.field).filter { $0.number == 4 }.flatMap(\.fields)
    guard !fields.isEmpty else { return nil }
    return ObjectRule(
      maximumBytes: Int(fields.last { $0.number == 1 }?.integer ?? 0),
      maximumDepth: Int(fields.last { $0.number == 2 }?.integer ?? 0))
  }

  static func expected(_ options: [WireField]) -> String {
    merged(options, Extension.field).last { $0.number == 5 }?.text ?? ""
  }

  static func enumValueJSON(_ options: [WireField]) -> String? {
    merged(options, Extension.enumValue).last { $0.number == 1 }?.text
  }

  /// The fields of an extension message, all of its parts together.
  private static func merged(_ options: [WireField], _ number: Int) -> [WireField] {
    options.filter { $0.number == number }.flatMap(\.fields)
  }
}

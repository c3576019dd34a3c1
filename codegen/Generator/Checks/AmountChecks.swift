/// Money and decimals: an amount is an integer with a declared form, and its currency stands beside it.
struct AmountChecks {
  let table: TypeTable
  /// Whether fields that sound like money must say what they are.
  let isStrict: Bool

  func check(_ file: FileModel) -> [Diagnostic] {
    file.messages.flatMap(\.family).flatMap { message in
      message.fields.flatMap { check($0, in: message) }
    }
  }

  private func check(_ field: FieldModel, in message: MessageModel) -> [Diagnostic] {
    switch field.format {
    case .money(let currencyField): money(field, currencyField, in: message)
    case .decimal(let scale): decimal(field, scale)
    case .plain: plain(field)
    }
  }

  private func money(_ field: FieldModel, _ currencyField: String, in message: MessageModel) -> [Diagnostic] {
    var found: [Diagnostic] = []
    if field.type != .int64 && field.type != .message("google.protobuf.Int64Value") || field.isRepeated {
      found.append(
        Diagnostic(
          location: field.location, rule: "money-type",
          message: "money is an int64 of minor units (or google.protobuf.Int64Value); '\(field.name)' is neither"))
    }
    guard !currencyField.isEmpty else {
      return found + [
        Diagnostic(
          location: field.location, rule: "money-currency",
          message: "'\(field.name)' is money: name the field that holds its currency, "
            + "(cloudbill.options.v1.field).money.currency_field = \"currency\"")
      ]
    }
    let currency = message.fields.first { $0.name == currencyField }
    if currency?.type != .string || currency?.isRepeated == true {
      found.append(
        Diagnostic(
          location: field.location, rule: "money-currency",
          message:
            "'\(field.name)' says its currency is in '\(currencyField)', but \(message.name) has no string field "
            + "of that name"))
    }
    return found
  }

  private func decimal(_ field: FieldModel, _ scale: Int) -> [Diagnostic] {
    var found: [Diagnostic] = []
    if ![.int64, .int32, .uint64, .uint32].contains(field.type) {
      found.append(
        Diagnostic(
          location: field.location, rule: "decimal-type",
          message: "a decimal is an integer of units of 10^-scale; '\(field.name)' is none"))
    }
    if !(1...18).contains(scale) {
      found.append(
        Diagnostic(
          location: field.location, rule: "decimal-scale",
          message: "the scale of '\(field.name)' is \(scale); it must be 1 to 18"))
    }
    return found
  }

  /// `price`, `unit_price`, `amount`, `amount_due`, `subtotal`, …
  private static func soundsLikeMoney(_ name: String) -> Bool {
    let words = name.split(separator: "_")
    return words.contains { ["price", "amount", "subtotal", "fee", "balance"].contains($0) }
  }

  private func plain(_ field: FieldModel) -> [Diagnostic] {
    guard isStrict, !field.formatIsDeclared, Self.soundsLikeMoney(field.name) else { return [] }
    switch field.type {
    case .int64, .uint64, .message("google.protobuf.Int64Value"):
      return [
        Diagnostic(
          location: field.location, rule: "money-declared",
          message: "'\(field.name)' sounds like money: declare (cloudbill.options.v1.field).money.currency_field, "
            + ".decimal_scale or .plain")
      ]
    case .double, .float:
      return [
        Diagnostic(
          location: field.location, rule: "money-type",
          message: "'\(field.name)' sounds like money and is binary floating point: use an int64 of minor units")
      ]
    default: return []
    }
  }
}

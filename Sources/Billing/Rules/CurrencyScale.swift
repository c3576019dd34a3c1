internal import Protobuf

/// How a currency's amounts are read.
enum CurrencyScale {
  /// Whether the currency has other decimals than the two that an amount without a currency is read with.
  static func differs(_ currency: String) -> Bool {
    CurrencyDecimals.of(currency) != CurrencyDecimals.of("")
  }
}

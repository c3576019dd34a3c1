/// How many decimals a currency's amounts have (ISO 4217's minor unit).
public enum CurrencyDecimals {
  private static let none: Set<TextKey> = [
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF",
    "XPF",
  ]
  private static let three: Set<TextKey> = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]
  private static let four: Set<TextKey> = ["CLF", "UYW"]

  /// 2 for a code that is not listed, and for none.
  public static func of(_ code: String) -> Int {
    let code = TextKey(code)
    if code == "USD" || code == "EUR" { return 2 }
    if none.contains(code) { return 0 }
    if three.contains(code) { return 3 }
    return four.contains(code) ? 4 : 2
  }
}

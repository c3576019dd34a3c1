/// Something in a `.proto` file that breaks a rule, told so that one can mend it.
public struct Diagnostic: Hashable, Sendable, CustomStringConvertible {
  public var location: SourceLocation
  /// The name of the rule, such as `money-currency`.
  public var rule: String
  public var message: String

  public var description: String { "\(location): \(message) [\(rule)]" }
}

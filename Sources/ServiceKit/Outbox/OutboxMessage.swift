/// What others are to be told of a change: written in its transaction, delivered after it at least once, in order for each object.
public struct OutboxMessage: Sendable, Hashable {
  /// Lower-case words with dots: `subscription.created`.
  public let topic: String
  /// The id of what it is about. Messages about one object are delivered in order.
  public let object: String
  /// A serialized message of the topic.
  public let payload: [UInt8]

  public init(_ topic: String, object: String, payload: [UInt8]) {
    self.topic = topic
    self.object = object
    self.payload = payload
  }
}

/// A message on its way. It may come again: `source` and `number` are the same then.
public struct OutboxDelivery: Sendable {
  /// The schema of the service it comes from.
  public let source: String
  public let number: Int64
  public let message: OutboxMessage
  /// Who caused it, in whose tenant.
  public let tenant: TenantID
  public let subject: String
  public let onBehalfOf: String
  public let requestID: String
  /// Attempts before this one.
  public let attempts: Int
}

/// When a message is tried again. Pure.
struct OutboxPace: Sendable {
  /// Attempts before a message is set aside for an operator.
  static let mostAttempts = 12
  static let firstDelay: Duration = .seconds(1)
  static let longestDelay: Duration = .seconds(3600)

  /// - Parameter attempts: that have failed, this one included.
  /// - Returns: nil when it is to be set aside.
  static func delay(after attempts: Int) -> Duration? {
    guard attempts < mostAttempts else { return nil }
    return min(firstDelay * (1 << min(max(attempts - 1, 0), 20)), longestDelay)
  }
}

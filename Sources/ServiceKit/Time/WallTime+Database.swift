public import Postgres
public import Protobuf

extension WallTime {
  /// The moment a column holds.
  public init(_ timestamp: PostgresTimestamp) {
    self.init(microseconds: timestamp.microseconds)
  }
}

extension WallTime: PostgresConvertible {
  public init?(stored: PostgresTimestamp) { self.init(stored) }
  public var stored: PostgresTimestamp { PostgresTimestamp(self) }
}

extension PostgresTimestamp {
  public init(_ time: WallTime) {
    self.init(microseconds: time.microseconds)
  }
}

extension Duration {
  /// The duration as messages carry it.
  public var message: ProtoDuration {
    let (seconds, attoseconds) = components
    return ProtoDuration(seconds: seconds, nanos: Int32(attoseconds / 1_000_000_000))
  }
}

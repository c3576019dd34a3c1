/// A Swift value that can be a statement's parameter.
public protocol PostgresEncodable: Sendable {
  /// Adds the value as the next parameter.
  func encode(into parameters: inout ParameterBuffer)
  /// Adds a null of this type as the next parameter.
  static func encodeNull(into parameters: inout ParameterBuffer)
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
  public func encode(into parameters: inout ParameterBuffer) {
    if let value = self { value.encode(into: &parameters) } else { Wrapped.encodeNull(into: &parameters) }
  }

  public static func encodeNull(into parameters: inout ParameterBuffer) {
    Wrapped.encodeNull(into: &parameters)
  }
}

extension UUID: PostgresEncodable {
  public func encode(into parameters: inout ParameterBuffer) {
    parameters.append(type: TypeIdentifier.uuid) { bytes in
      bytes.appendBigEndian(high)
      bytes.appendBigEndian(low)
    }
  }

  public static func encodeNull(into parameters: inout ParameterBuffer) {
    parameters.appendNull(type: TypeIdentifier.uuid)
  }
}

extension Int64: PostgresEncodable {
  public func encode(into parameters: inout ParameterBuffer) {
    parameters.append(type: TypeIdentifier.int8) { $0.appendBigEndian(self) }
  }

  public static func encodeNull(into parameters: inout ParameterBuffer) {
    parameters.appendNull(type: TypeIdentifier.int8)
  }
}

extension Int: PostgresEncodable {
  public func encode(into parameters: inout ParameterBuffer) {
    Int64(self).encode(into: &parameters)
  }

  public static func encodeNull(into parameters: inout ParameterBuffer) {
    Int64.encodeNull(into: &parameters)
  }
}

extension Int32: PostgresEncodable {
  public func encode(into parameters: inout ParameterBuffer) {
    parameters.append(type: TypeIdentifier.int4) { $0.appendBigEndian(self) }
  }

  public static func encodeNull(into parameters: inout ParameterBuffer) {
    parameters.appendNull(type: TypeIdentifier.int4)
  }
}

extension Bool: PostgresEncodable {
  public func encode(into parameters: inout ParameterBuffer) {
    parameters.append(type: TypeIdentifier.bool) { $0.append(self ? 1 : 0) }
  }

  public static func encodeNull(into parameters: inout ParameterBuffer) {
    parameters.appendNull(type: TypeIdentifier.bool)
  }
}

extension PostgresTimestamp: PostgresEncodable {
  public func encode(into parameters: inout ParameterBuffer) {
    let (shifted, overflow) = microseconds.subtractingReportingOverflow(Self.epochMicroseconds)
    // The two extremes are PostgreSQL's -infinity and infinity.
    guard !overflow, shifted != .max, shifted != .min else {
      return parameters.refuse(type: TypeIdentifier.timestamptz, "the moment is out of PostgreSQL's range")
    }
    parameters.append(type: TypeIdentifier.timestamptz) { $0.appendBigEndian(shifted) }
  }

  public static func encodeNull(into parameters: inout ParameterBuffer) {
    parameters.appendNull(type: TypeIdentifier.timestamptz)
  }
}

extension String: PostgresEncodable {
  public func encode(into parameters: inout ParameterBuffer) {
    guard !utf8.contains(0) else { return parameters.refuse(type: TypeIdentifier.text, "text cannot hold a NUL") }
    parameters.append(type: TypeIdentifier.text) { $0.append(contentsOf: utf8) }
  }

  public static func encodeNull(into parameters: inout ParameterBuffer) {
    parameters.appendNull(type: TypeIdentifier.text)
  }
}

extension [UInt8]: PostgresEncodable {
  public func encode(into parameters: inout ParameterBuffer) {
    parameters.append(type: TypeIdentifier.bytea) { $0.append(contentsOf: self) }
  }

  public static func encodeNull(into parameters: inout ParameterBuffer) {
    parameters.appendNull(type: TypeIdentifier.bytea)
  }
}

extension PostgresJSON: PostgresEncodable {
  public func encode(into parameters: inout ParameterBuffer) {
    guard !text.utf8.contains(0) else { return parameters.refuse(type: TypeIdentifier.jsonb, "JSON cannot hold a NUL") }
    parameters.append(type: TypeIdentifier.jsonb) { bytes in
      // The version of jsonb's binary form; the rest is the text.
      bytes.append(1)
      bytes.append(contentsOf: text.utf8)
    }
  }

  public static func encodeNull(into parameters: inout ParameterBuffer) {
    parameters.appendNull(type: TypeIdentifier.jsonb)
  }
}

extension PostgresNumeric: PostgresEncodable {
  public func encode(into parameters: inout ParameterBuffer) {
    guard !text.utf8.contains(0) else { return parameters.refuse(type: TypeIdentifier.numeric, "not a number") }
    parameters.append(type: TypeIdentifier.numeric, text: true) { $0.append(contentsOf: text.utf8) }
  }

  public static func encodeNull(into parameters: inout ParameterBuffer) {
    parameters.appendNull(type: TypeIdentifier.numeric)
  }
}

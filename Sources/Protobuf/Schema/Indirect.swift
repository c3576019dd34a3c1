/// Holds an optional message that may contain, however deeply, a message of its own type.
@propertyWrapper
public struct Indirect<Value: Hashable & Sendable>: Hashable, Sendable {
  private indirect enum Box: Hashable, Sendable {
    case none
    case some(Value)
  }

  private var box: Box

  public init(wrappedValue: Value?) {
    box = wrappedValue.map { .some($0) } ?? .none
  }

  public var wrappedValue: Value? {
    get {
      if case .some(let value) = box { return value }
      return nil
    }
    set { box = newValue.map { .some($0) } ?? .none }
  }
}

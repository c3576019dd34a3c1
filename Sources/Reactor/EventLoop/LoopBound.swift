/// Carries a value that belongs to one event loop through code that must be `Sendable`; reaching for it on another thread stops the program.
// @unchecked Sendable: the value is handed out on the loop's own thread only, which `value` checks each time. It may be released on another
// thread, which is safe for what reference counting frees; a `deinit` must not touch what is bound to the loop.
public struct LoopBound<Value>: @unchecked Sendable {
  public let loop: EventLoop
  private let bound: Value

  public init(_ value: Value, loop: EventLoop) {
    self.loop = loop
    bound = value
  }

  @inline(__always)
  public var value: Value {
    loop.preconditionCurrent()
    return bound
  }
}

public import Protobuf
internal import Reactor

/// What the handler of a unary method has of its call: where to run, what to decode and encode with, how to answer.
// @unchecked Sendable: what may change is touched on the loop's thread only; the handler's task carries it back there, and every method
// that such a task calls checks that it is there.
@usableFromInline class UnaryExchange: @unchecked Sendable {
  @usableFromInline final let call: ServerCall
  @usableFromInline final let decodingLimits: DecodingLimits
  final let loop: EventLoop
  private final let sharedArena: Arena

  init(call: ServerCall, decodingLimits: DecodingLimits, loop: EventLoop, arena: Arena) {
    self.call = call
    self.decodingLimits = decodingLimits
    self.loop = loop
    sharedArena = arena
  }

  /// The loop's: used by one encoding or decoding at a time, which never suspends.
  @usableFromInline final var arena: Arena {
    loop.preconditionCurrent()
    return sharedArena
  }

  /// Runs the handler, which says `finish` at its end.
  @usableFromInline func run(_ handler: @escaping @Sendable () async -> Void) {}
  /// Answers with a message behind its prefix.
  @usableFromInline func finish(_ message: [UInt8]) {}
  @usableFromInline func finish(_ error: RPCError) {}
}

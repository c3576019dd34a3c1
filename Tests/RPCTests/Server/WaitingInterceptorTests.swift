import Protobuf
import RPC
import Reactor
import Synchronization
import Testing

@Suite("Interceptors that wait")
struct WaitingInterceptorTests {
  private func run(_ body: @Sendable (RPCWorld, Gate) async throws -> Void) async throws {
    let gate = Gate()
    var configuration = ServerConfiguration()
    configuration.interceptors = [gate, Inner(gate)]
    try await RPCWorld.run(server: configuration) { try await body($0, gate) }
  }

  @Test("hold the handler back, and what they keep is seen further in")
  func wait() async throws {
    try await run { world, gate in
      let call = Task { await world.outcome("sleep 1") }
      #expect(await eventually { gate.seen.waiting == 1 })
      // Another request is served meanwhile as far as its own interceptors let it.
      let other = Task { await world.outcome("x") }
      #expect(await eventually { gate.seen.waiting == 2 })
      #expect(world.kitchen.seen.started == 0)
      #expect(gate.seen.lines.isEmpty)
      gate.open()
      #expect(await call.value == "slept")
      #expect(await other.value == "x!")
      #expect(gate.seen.lines.filter { $0 == "inner saw kept" }.count == 2)
      #expect(gate.seen.lines.filter { $0 == "gate OK" }.count == 2)
      #expect(await eventually { await world.server.runningCalls() == 0 })
    }
  }

  @Test("may refuse a call, whose handler does not run and whose inner interceptors are not asked")
  func refuse() async throws {
    try await run { world, gate in
      let call = Task { await world.failure("sleep 1") }
      #expect(await eventually { gate.seen.waiting == 1 })
      gate.refuse()
      #expect(await call.value?.code == .unauthenticated)
      #expect(gate.seen.lines == ["gate UNAUTHENTICATED"])
      #expect(world.kitchen.seen.started == 0)
    }
  }

  @Test("are cancelled with their call, which is told once")
  func cancel() async throws {
    try await run { world, gate in
      let call = Task { await world.failure("sleep 1") }
      #expect(await eventually { gate.seen.waiting == 1 })
      call.cancel()
      #expect(await call.value?.code == .cancelled)
      #expect(await eventually { gate.seen.cancelled == 1 })
      #expect(gate.seen.lines == ["gate CANCELLED"])
      #expect(world.kitchen.seen.started == 0)
      #expect(await eventually { await world.server.runningCalls() == 0 })
    }
  }

  @Test("do not stop the deadline")
  func deadline() async throws {
    try await run { world, gate in
      var call = RawCall(changing: ["grpc-timeout": "50m"])
      call.body = RawCall.frame(try StringValue("sleep 1").serialized())
      let reply = try await call.send(to: world.address, group: world.group)
      #expect(reply.code == String(StatusCode.deadlineExceeded.rawValue))
      #expect(await eventually { gate.seen.cancelled == 1 })
      #expect(gate.seen.lines == ["gate DEADLINE_EXCEEDED"])
      #expect(world.kitchen.seen.started == 0)
    }
  }
}

private final class Kept: Sendable {
  let text: String
  init(_ text: String) { self.text = text }
}

private enum KeptKey: CallStorageKey {
  typealias Value = Kept
}

/// Waits until the test opens it.
private final class Gate: WaitingServerInterceptor {
  struct State {
    var waiting = 0
    var cancelled = 0
    var isOpen = false
    var refuses = false
    var lines: [String] = []
  }

  private let state = Mutex(State())

  var seen: State { state.withLock { $0 } }

  func open() { state.withLock { $0.isOpen = true } }
  func refuse() { state.withLock { $0.refuses = true } }
  func note(_ line: String) { state.withLock { $0.lines.append(line) } }

  func wait(for call: ServerCall) async throws(RPCError) {
    state.withLock { $0.waiting += 1 }
    while !seen.isOpen {
      if seen.refuses { throw .unauthenticated("the gate is shut") }
      do {
        try await EventLoop.current?.sleep(for: .milliseconds(1))
      } catch {
        state.withLock { $0.cancelled += 1 }
        throw .cancelled()
      }
    }
    call[KeptKey.self] = Kept("kept")
  }

  func end(_ call: ServerCall, status: StatusCode, at end: Instant) { note("gate \(status.name)") }
}

private struct Inner: ServerInterceptor {
  private let gate: Gate

  init(_ gate: Gate) { self.gate = gate }

  func begin(_ call: ServerCall) throws(RPCError) { gate.note("inner saw \(call[KeptKey.self]?.text ?? "nothing")") }
}

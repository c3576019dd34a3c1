import Reactor
import Testing

@testable import Postgres

/// A request of the tests: even numbers may share a connection.
struct NumberedRequest: PoolRequest {
  let number: Int
  var isShareable: Bool { number.isMultiple(of: 2) }

  init(_ number: Int) {
    self.number = number
  }
}

@Suite("The state of a pool")
struct PoolStateTests {
  typealias State = PoolState<NumberedRequest>
  static let start = Instant(nanoseconds: 0)

  /// The actions as short text: `send 2 c1`.
  static func text(_ actions: [State.Action]) -> [String] {
    actions.map { action in
      switch action {
      case .send(let request, let id): "send \(request.number) c\(id)"
      case .lend(let id, let request): "lend c\(id) \(request.number)"
      case .fail(let request, let error): "fail \(request.number) \(error == .poolExhausted ? "full" : "away")"
      case .connect(let id): "connect c\(id)"
      case .close(let id): "close c\(id)"
      case .retry: "retry"
      case .closed: "closed"
      }
    }
  }

  enum Event {
    case place(Int), placeFirst(Int), leave(Int), connected(Int), connectFailed(Int), retryDue, finished(Int)
    case released(Int, Bool), cancelBegan(Int), cancelEnded(Int), retire(Int), lost(Int), close, closeNow
    case pass(Duration)
  }

  static func apply(_ event: Event, to state: inout State, now: inout Instant) -> [State.Action] {
    switch event {
    case .place(let number): return state.place(NumberedRequest(number), now: now)
    case .placeFirst(let number): return state.placeFirst(NumberedRequest(number), now: now)
    case .leave(let number): state.leave(NumberedRequest(number))
    case .connected(let id): return state.connected(id, now: now)
    case .connectFailed(let id): return state.connectFailed(id, reason: "refused", chance: 0.5)
    case .retryDue: return state.retryDue()
    case .finished(let id): return state.finished(id, now: now)
    case .released(let id, let isReusable): return state.released(id, isReusable: isReusable, now: now)
    case .cancelBegan(let id): state.cancelBegan(id)
    case .cancelEnded(let id): return state.cancelEnded(id, now: now)
    case .retire(let id): return state.retire(id)
    case .lost(let id): return state.lost(id)
    case .close: return state.close()
    case .closeNow: return state.closeNow()
    case .pass(let time): now = now.advanced(by: time)
    }
    return []
  }

  @Test(
    "what happens, and what is to be done",
    arguments: [
      (
        "an idle connection serves, one that is not there yet is waited for",
        [(.place(2), ["connect c1"]), (.connected(1), ["send 2 c1"]), (.finished(1), []), (.place(4), ["send 4 c1"])]
      ),
      (
        "while one is busy others share it and the pool grows, up to its depth and its limit",
        [
          (.place(2), ["connect c1"]), (.connected(1), ["send 2 c1"]), (.place(4), ["send 4 c1", "connect c2"]),
          (.place(6), ["send 6 c1"]), (.place(8), []), (.connected(2), ["send 8 c2"]), (.place(10), ["send 10 c2"]),
          (.place(12), ["send 12 c2"]), (.place(14), []), (.finished(1), ["send 14 c1"]),
        ]
      ),
      (
        "nobody joins a request that takes long",
        [
          (.place(2), ["connect c1"]), (.connected(1), ["send 2 c1"]), (.pass(.milliseconds(25)), []),
          (.place(4), ["connect c2"]), (.connected(2), ["send 4 c2"]),
        ]
      ),
      (
        "who wants a connection for himself waits for an empty one, and is not overtaken",
        [
          (.place(2), ["connect c1"]), (.connected(1), ["send 2 c1"]), (.place(1), ["connect c2"]), (.place(4), []),
          (.finished(1), ["lend c1 1"]), (.connected(2), ["send 4 c2"]), (.place(6), ["send 6 c2"]), (.place(3), []),
          (.released(1, true), ["lend c1 3"]), (.released(1, false), ["close c1"]),
        ]
      ),
      (
        "one more than may wait is refused; who leaves makes room at once, also behind one who stays",
        [
          (.place(1), ["connect c1"]), (.place(3), ["connect c2"]), (.place(5), []), (.place(7), ["fail 7 full"]),
          (.leave(3), []), (.place(9), []), (.place(11), ["fail 11 full"]), (.leave(9), []), (.leave(9), []),
          (.place(13), []), (.place(15), ["fail 15 full"]), (.connected(1), ["lend c1 1"]),
          (.connected(2), ["lend c2 5"]), (.released(1, true), ["lend c1 13"]),
        ]
      ),
      (
        "a server that cannot be reached fails who waits and who comes, until the next attempt",
        [
          (.place(2), ["connect c1"]), (.place(4), ["connect c2"]), (.connectFailed(1), ["retry"]),
          (.connectFailed(2), ["fail 2 away", "fail 4 away"]), (.place(6), ["fail 6 away"]),
          (.placeFirst(8), ["fail 8 away"]), (.retryDue, ["connect c3"]), (.place(10), []),
          (.connected(3), ["send 10 c3"]),
        ]
      ),
      (
        "a lost connection is never picked, and replaced for who waits",
        [
          (.place(1), ["connect c1"]), (.connected(1), ["lend c1 1"]), (.released(1, true), []), (.lost(1), []),
          (.finished(1), []), (.place(2), ["connect c2"]), (.lost(2), ["connect c3"]), (.connected(2), []),
          (.connected(3), ["send 2 c3"]),
        ]
      ),
      (
        "a connection takes nothing while a request to cancel is on its way",
        [
          (.place(2), ["connect c1"]), (.connected(1), ["send 2 c1"]), (.cancelBegan(1), []), (.finished(1), []),
          (.place(4), ["connect c2"]), (.cancelEnded(1), ["send 4 c1"]),
        ]
      ),
      (
        "a retired connection is closed when it is empty, and takes nothing before",
        [
          (.place(2), ["connect c1"]), (.connected(1), ["send 2 c1"]), (.retire(1), []), (.place(4), ["connect c2"]),
          (.finished(1), ["close c1"]), (.connected(2), ["send 4 c2"]), (.finished(2), []), (.retire(2), ["close c2"]),
          (.place(1), ["connect c3"]), (.connected(3), ["lend c3 1"]), (.retire(3), []),
          (.released(3, true), ["close c3"]),
        ]
      ),
      (
        "whoever was undone comes first",
        [
          (.place(2), ["connect c1"]), (.connected(1), ["send 2 c1"]), (.pass(.seconds(1)), []),
          (.place(4), ["connect c2"]),
          (.placeFirst(2), []), (.finished(1), ["send 2 c1", "send 4 c1"]),
        ]
      ),
      (
        "closing refuses, lets run what runs, and tells when all is gone",
        [
          (.place(2), ["connect c1"]), (.connected(1), ["send 2 c1"]), (.pass(.seconds(1)), []),
          (.place(1), ["connect c2"]),
          (.close, ["fail 1 away", "close c2"]), (.place(4), ["fail 4 away"]), (.placeFirst(6), ["fail 6 away"]),
          (.finished(1), ["close c1", "closed"]), (.close, []),
        ]
      ),
      ("closing an unused pool is done at once", [(.close, ["closed"]), (.place(2), ["fail 2 away"])]),
      (
        "what does not end is cut off",
        [
          (.place(1), ["connect c1"]), (.connected(1), ["lend c1 1"]), (.close, []),
          (.closeNow, ["close c1", "closed"]),
          (.released(1, true), []), (.closeNow, []),
        ]
      ),
      (
        "a closed pool whose last connection is lost is gone too",
        [(.place(1), ["connect c1"]), (.connected(1), ["lend c1 1"]), (.close, []), (.lost(1), ["closed"])]
      ),
    ] as [(String, [(Event, [String])])])
  func table(name: String, steps: [(Event, [String])]) {
    var state = State(limits: State.Limits(connections: 2, waiting: 3, depth: 3))
    var now = Self.start
    for (number, step) in steps.enumerated() {
      let actions = Self.text(Self.apply(step.0, to: &state, now: &now))
      #expect(actions == step.1, "\(name): step \(number), \(step.0)")
    }
  }
}

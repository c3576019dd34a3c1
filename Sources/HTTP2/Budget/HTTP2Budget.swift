internal import Reactor

/// The bytes that all connections of one loop together may make a server hold. Loop-bound, like the sessions that share it.
///
/// Charged with what waits for a peer or because of it: header fields of open requests, parts of requests, messages that nobody has taken,
/// replies that were not read, output that the socket does not take. Where it is overdrawn, the sessions that hold most give up their
/// slowest streams.
public final class HTTP2Budget {
  /// Most bytes held at a time. Beyond by one read of a socket for as long as it takes to make room.
  public let byteCount: Int
  public private(set) var heldByteCount = 0
  /// The most that was held at a time.
  public private(set) var highestHeldByteCount = 0
  /// Streams that were given up because the budget was overdrawn.
  public private(set) var evictedStreamCount = 0

  private var sessions: [Entry] = []
  /// Requests that wait for their rest, by the address of their client.
  private var waiting: [SocketAddress: Int] = [:]

  // unowned(unsafe): a session takes itself out when it is freed.
  private struct Entry {
    unowned(unsafe) let session: HTTP2Session
  }

  /// Once overdrawn, room is made down to this part, so that its cost is shared by many bytes.
  private static let keptEighths = 7

  public init(byteCount: Int) {
    self.byteCount = byteCount
  }

  var isOverdrawn: Bool { heldByteCount > byteCount }

  func charge(_ change: Int) {
    heldByteCount += change
    highestHeldByteCount = max(highestHeldByteCount, heldByteCount)
  }

  func join(_ session: HTTP2Session) {
    session.budgetIndex = sessions.count
    sessions.append(Entry(session: session))
  }

  func leave(_ session: HTTP2Session) {
    countWaiting(0, of: session)
    let last = sessions.removeLast()
    guard last.session !== session else { return }
    last.session.budgetIndex = session.budgetIndex
    sessions[session.budgetIndex] = last
  }

  /// Gives up streams until there is room: those of the session that holds most first, and of each session the slowest first.
  /// - Parameter spared: the stream that asks, which is not given up.
  func makeRoom(sparing spared: HTTP2Stream?) {
    guard isOverdrawn else { return }
    let goal = byteCount / 8 * Self.keptEighths
    let heaviest = sessions.map(\.session).sorted { $0.heldByteCount > $1.heldByteCount }
    for session in heaviest where heldByteCount > goal {
      evictedStreamCount += session.evict(toFree: heldByteCount - goal, sparing: spared)
    }
  }

  // MARK: - Requests that wait for their rest

  /// Takes account of how many requests of a session wait. Beyond what a client may have, its slowest are given up.
  func countWaiting(_ count: Int, of session: HTTP2Session) {
    guard let client = session.client, count != session.countedWaiting else { return }
    let total = waiting[client, default: 0] + count - session.countedWaiting
    session.countedWaiting = count
    waiting[client] = total > 0 ? total : nil
    let maximum = session.limits.waitingRequestsPerClient
    guard count > 0, total > maximum else { return }
    let streams = sessions.map(\.session).filter { $0.client == client }.flatMap(\.streams).filter(\.owesRequest)
    let candidates = streams.enumerated().map { Eviction.Candidate(index: $0, byteCount: 1, lastMoved: $1.lastMoved) }
    for index in Eviction.victims(candidates, toFree: streams.count - maximum) {
      streams[index].giveUp(.tooManyRequests)
    }
  }
}

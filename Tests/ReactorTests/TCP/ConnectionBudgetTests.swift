import Glibc
import Testing

@testable import Reactor

@Suite("The budget of connections")
struct ConnectionBudgetTests {
  @Test(
    "leaves a reserve of the limit of open files",
    arguments: [
      (256, 20, nil, 172), (1024, 30, nil, 738), (20_000, 30, nil, 18_946), (1_000_000, 30, nil, 998_946),
      (64, 20, nil, 12), (256, 20, 100, 136), (256, 20, 0, 236), (40, 30, nil, 1), (0, 0, nil, 1), (256, 300, nil, 1),
      (Int.max, 20, Int.max, 1), (256, -1, nil, 192),
    ] as [(Int, Int, Int?, Int)])
  func reserve(limit: Int, inUse: Int, reserve: Int?, expected: Int) {
    #expect(ConnectionBudget.maximumConnections(limit: limit, inUse: inUse, reserve: reserve) == expected)
  }

  @Test("the oldest are found, oldest first", arguments: 1...20)
  func oldestFirst(seed: UInt64) {
    var random = SplitMix(state: seed)
    var oldest = OldestFirst<Int64>(capacity: 8)
    let moments = (0..<Int(seed) * 3).map { _ in Int64(random.next() % 1000) }
    for moment in moments { oldest.offer(moment, since: Instant(nanoseconds: moment)) }
    #expect(oldest.elements == Array(moments.sorted().prefix(8)))
  }

  @Test("memory is given back when enough connections have closed, once for all that close together")
  func heapReturn() {
    var policy = HeapReturnPolicy()
    func closed(_ count: Int) -> [Int] {
      (0..<count).filter { _ in policy.closed() }
    }
    for _ in 0..<1000 { policy.opened() }
    #expect(closed(800) == [HeapReturnPolicy.worthwhile - 1])
    policy.returned()
    #expect(closed(150) == [])
    // Connections that come and go at a steady number cost nothing.
    for _ in 0..<10_000 {
      policy.opened()
      if policy.closed() { Issue.record("nothing is worth giving back") }
    }
  }

  /// Connections of a listener, idle from the second they were numbered on unless they are busy.
  private final class Side {
    var listener: TCPListener?
    var members: [Member] = []
    var open: [Int] { members.filter { !$0.isClosed }.map(\.number) }
  }

  private final class Member: TCPConnectionDelegate {
    let number: Int
    var isBusy = false
    var isClosed = false
    init(number: Int) { self.number = number }
    func received(_ bytes: RawSpan, from connection: TCPConnection) {}
    func closed(_ connection: TCPConnection, error: ReactorError?) { isClosed = true }
    func idleSince(_ connection: TCPConnection) -> Instant? {
      isBusy ? nil : Instant(nanoseconds: Int64(number))
    }
  }

  private struct World {
    let clock = ManualClock()
    let group: EventLoopGroup
    let side: LoopBound<Side>
    let address: SocketAddress

    init(
      budget: ConnectionBudget, maximumConnections: Int = 1000, usesReserve: Bool = false,
      group existing: EventLoopGroup? = nil
    ) async throws {
      let group = try existing ?? EventLoopGroup(count: 1, clock: clock, connectionBudget: budget)
      self.group = group
      let loop = group.loops[0]
      (side, address) = try await Task(executorPreference: loop) {
        let side = Side()
        let listener = try TCPListener(
          loop: loop, address: try SocketAddress(host: "127.0.0.1", port: 0), maximumConnections: maximumConnections,
          usesReserve: usesReserve
        ) { connection in
          let member = Member(number: side.members.count)
          side.members.append(member)
          connection.delegate = member
        }
        side.listener = listener
        return (LoopBound(side, loop: loop), listener.localAddress)
      }.value
    }

    /// Connects, and waits until the server has seen to it.
    func connect(_ count: Int, into descriptors: Descriptors) async {
      for _ in 0..<count {
        descriptors.add(blockingConnect(address))
        await clock.settle()
      }
    }

    func open() async -> [Int] { await Task(executorPreference: group.loops[0]) { side.value.open }.value }
  }

  @Test("closes those that have been idle longest, never a busy one, and refuses when all are busy")
  func makesRoom() async throws {
    let budget = ConnectionBudget(maximumConnections: 4)
    let world = try await World(budget: budget)
    defer { world.group.stop() }
    let descriptors = Descriptors()
    defer { for descriptor in descriptors.all { close(descriptor) } }
    await world.connect(4, into: descriptors)
    #expect(await world.open() == [0, 1, 2, 3])
    await Task(executorPreference: world.group.loops[0]) { world.side.value.members[0].isBusy = true }.value
    await world.connect(2, into: descriptors)
    #expect(await world.open() == [0, 3, 4, 5])
    #expect(budget.statistics() == ConnectionStatistics(open: 4, maximum: 4, closedIdle: 2, refused: 0, exhaustions: 0))

    await Task(executorPreference: world.group.loops[0]) {
      for member in world.side.value.members { member.isBusy = true }
    }.value
    await world.connect(1, into: descriptors)
    #expect(await world.open() == [0, 3, 4, 5])
    #expect(budget.statistics().refused == 1)
    // The refused peer is told at once.
    var byte: UInt8 = 0
    #expect(recv(descriptors.all[6], &byte, 1, 0) <= 0)
    // One that leaves makes room.
    close(descriptors.all[0])
    await world.clock.settle()
    await world.connect(1, into: descriptors)
    #expect(await world.open() == [3, 4, 5, 6])
    #expect(budget.statistics() == ConnectionStatistics(open: 4, maximum: 4, closedIdle: 2, refused: 1, exhaustions: 0))
  }

  @Test("bounds one listener beside the budget, and leaves monitoring out of it")
  func listeners() async throws {
    let budget = ConnectionBudget(maximumConnections: 3)
    let world = try await World(budget: budget, maximumConnections: 2)
    defer { world.group.stop() }
    let descriptors = Descriptors()
    defer { for descriptor in descriptors.all { close(descriptor) } }
    await world.connect(3, into: descriptors)
    #expect(await world.open() == [1, 2])
    let monitoring = try await World(budget: budget, maximumConnections: 2, usesReserve: true, group: world.group)
    for _ in 0..<3 {
      descriptors.add(blockingConnect(monitoring.address))
      await world.clock.settle()
    }
    // Neither does it close others for itself.
    #expect(await monitoring.open() == [0, 1])
    #expect(await world.open() == [1, 2])
    #expect(budget.statistics() == ConnectionStatistics(open: 2, maximum: 3, closedIdle: 1, refused: 1, exhaustions: 0))
  }

  @Test("reports once, then at most every ten seconds")
  func reports() async throws {
    let budget = ConnectionBudget(maximumConnections: 1)
    let reports = SharedCounter()
    budget.onPressure { _ in reports.increment() }
    let world = try await World(budget: budget)
    defer { world.group.stop() }
    let descriptors = Descriptors()
    defer { for descriptor in descriptors.all { close(descriptor) } }
    await world.connect(1, into: descriptors)
    #expect(reports.value == 0)
    await world.connect(5, into: descriptors)
    #expect(reports.value == 1)
    await world.clock.advance(by: .seconds(9))
    await world.connect(1, into: descriptors)
    #expect(reports.value == 1)
    await world.clock.advance(by: .seconds(1))
    await world.connect(5, into: descriptors)
    #expect(reports.value == 2)
  }
}

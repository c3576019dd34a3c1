internal import HTTP2
internal import Protobuf
internal import Reactor

/// A channel on one loop: its connections, the calls that run, and the calls that wait for a connection to take them. Does what `Resolver`,
/// `AddressRace`, `Subchannel` and `Balancer` decide. Loop-bound.
// @unchecked Sendable: made anywhere, touched on the loop's thread only, to which its users carry it in a `LoopBound`.
final class LoopChannel: @unchecked Sendable {
  let loop: EventLoop
  let configuration: ChannelConfiguration
  let memory = HTTP2Memory()
  /// Used by one encoding at a time, which never suspends.
  let arena = Arena()
  private let target: ChannelTarget
  private let names: NameResolver
  // Exclusivity is unchecked where one thread is certain: the loop's.
  @exclusivity(unchecked) var budget: RetryBudget
  @exclusivity(unchecked) private var resolver: Resolver
  @exclusivity(unchecked) private var balancer: Balancer
  @exclusivity(unchecked) private var subchannels: [SubchannelConnection] = []
  /// Those whose connection the server has spoken on.
  @exclusivity(unchecked) private var ready: [SubchannelConnection] = []
  @exclusivity(unchecked) private var waiting = WaitingCalls<ClientCall>()
  @exclusivity(unchecked) private var running = 0
  @exclusivity(unchecked) private var isClosed = false
  private var race: AddressRace?
  private var raceTimer: Timer?
  private var lookup: NameLookup?
  private var lookupTimer: Timer?

  init(loop: EventLoop, target: ChannelTarget, configuration: ChannelConfiguration, names: NameResolver) {
    self.loop = loop
    self.target = target
    self.configuration = configuration
    self.names = names
    budget = RetryBudget(
      ratio: configuration.retryRatio, reserve: configuration.retryReserve,
      maximum: ChannelConfiguration.savedRetries)
    balancer = Balancer(policy: configuration.balancing, seed: .random(in: 0 ... .max))
    let backoff = Backoff(initial: configuration.initialBackoff, maximum: configuration.maximumBackoff)
    switch target {
    case .addresses(let addresses):
      resolver = Resolver(interval: nil, backoff: backoff)
      subchannels = addresses.map { SubchannelConnection(channel: self, address: $0, authority: authority(of: $0)) }
    case .name:
      resolver = Resolver(interval: configuration.resolutionInterval, backoff: backoff)
    }
  }

  private func authority(of address: SocketAddress) -> String {
    if let authority = configuration.authority { return authority }
    if case .name(let host, let port) = target { return "\(host):\(port)" }
    // The path of a unix socket is no authority (RFC 3986 §3.2).
    if case .unix = address { return "localhost" }
    return address.description
  }

  // MARK: - Calls

  func start(_ call: ClientCall) {
    loop.preconditionCurrent()
    guard !isClosed else { return call.end(.own(.unavailable("the channel is closed"))) }
    guard running < configuration.maximumCalls else {
      return call.end(.own(.resourceExhausted("the channel is at its limit of calls")))
    }
    running += 1
    call.isCounted = true
    budget.callStarted()
    guard call.begin() else { return }
    dispatch(call)
  }

  /// Begins an attempt of a call, now or when there is a connection for it.
  func dispatch(_ call: ClientCall) {
    guard !isClosed else { return call.end(.own(.unavailable("the channel is closed"))) }
    if loop.now >= resolver.due { perform(resolver.wanted(now: loop.now)) }
    if ready.count < subchannels.count { connect() }
    if waiting.isEmpty, open(call) { return }
    guard canConnect || call.call.waitsForReady || isRestarting else { return call.connectionFailed(unreachable) }
    call.isWaiting = true
    waiting.append(call)
  }

  /// Answers false when no connection takes it now.
  private func open(_ call: ClientCall) -> Bool {
    while let chosen = pick(for: call), let connection = chosen.connection {
      do throws(HTTP2Error) {
        try call.open(on: chosen, connection)
        return true
      } catch {
        // It has run out of stream identifiers: it is replaced like one that the server ends.
        chosen.ended(connection, inOrder: true, "the connection is used up")
        connection.drain()
      }
    }
    return false
  }

  private func pick(for call: ClientCall) -> SubchannelConnection? {
    if ready.count == 1 { return ready[0].takesCalls ? ready[0] : nil }
    guard let place = place(avoiding: call.subchannel) else { return nil }
    return ready[place]
  }

  /// - Parameter last: where the call failed before: another address is the better choice.
  private func place(avoiding last: SubchannelConnection?) -> Int? {
    var avoided: Int?
    if let last { avoided = ready.firstIndex { $0 === last } }
    return balancer.pick(count: ready.count, avoiding: avoided) { self.ready[$0].load }
  }

  func callEnded(_ call: ClientCall) {
    running -= 1
    guard call.isWaiting else { return }
    call.isWaiting = false
    waiting.left { $0.isWaiting }
  }

  /// A connection may take a call more than before.
  func capacityGrew() {
    while !waiting.isEmpty, let call = waiting.popFirst(isWaiting: { $0.isWaiting }) {
      guard open(call) else { return waiting.prepend(call) }
      call.isWaiting = false
    }
  }

  // MARK: - Connections

  /// Whether a connection is being made, or would be for the next call, or stands.
  private var canConnect: Bool {
    resolver.isLookingUp || subchannels.contains { $0.subchannel.state != .backingOff }
  }

  private var isRestarting: Bool {
    let now = loop.now
    return subchannels.contains { $0.subchannel.isRestarting(now: now, grace: configuration.restartGrace) }
  }

  private var unreachable: RPCError {
    .unavailable(
      subchannels.lazy.compactMap { $0.subchannel.failure }.first ?? resolver.failure ?? "the server cannot be reached")
  }

  /// Makes the connections that calls want.
  private func connect() {
    switch configuration.balancing {
    case .roundRobin, .leastLoaded:
      for subchannel in subchannels where subchannel.subchannel.state == .idle { subchannel.wanted() }
    case .pickFirst:
      guard ready.isEmpty, race == nil else { return }
      race = AddressRace(count: subchannels.count)
      proceed { $0.proceed() }
    }
  }

  private func proceed(_ event: (inout AddressRace) -> AddressRace.Action) {
    guard var racing = race else { return }
    var action = event(&racing)
    // An address that was tried a moment ago is passed over, and tried again after its wait.
    while case .connect(let place) = action, subchannels[place].subchannel.mustWait(now: loop.now) {
      subchannels[place].wanted()
      action = racing.failed()
    }
    race = racing
    if let raceTimer { loop.cancel(raceTimer) }
    raceTimer = nil
    switch action {
    case .connect(let place):
      raceTimer = loop.schedule(after: AddressRace.delay) { [weak self] in
        self?.raceTimer = nil
        self?.proceed { $0.proceed() }
      }
      subchannels[place].wanted()
    case .wait: break
    case .lost: race = nil
    }
  }

  private func endRace() {
    race = nil
    if let raceTimer { loop.cancel(raceTimer) }
    raceTimer = nil
  }

  func becameReady(_ subchannel: SubchannelConnection) {
    ready.append(subchannel)
    if configuration.balancing == .pickFirst {
      endRace()
      for other in subchannels where other !== subchannel { other.drop() }
    }
    capacityGrew()
  }

  /// The connection of an address takes no more calls.
  func ended(_ subchannel: SubchannelConnection) {
    ready.removeAll { $0 === subchannel }
    resolver.connectionFailed(now: loop.now)
    if !waiting.isEmpty { connect() }
  }

  func attemptFailed(_ subchannel: SubchannelConnection) {
    resolver.connectionFailed(now: loop.now)
    proceed { $0.failed() }
    failWaiting()
  }

  /// The address may be tried again.
  func waitOver(_ subchannel: SubchannelConnection) {
    // Only for somebody who waits: an idle channel keeps no server busy.
    guard !waiting.isEmpty else { return }
    if loop.now >= resolver.due { perform(resolver.wanted(now: loop.now)) }
    connect()
  }

  /// Ends the calls that do not wait for better times, when there is nothing to wait for.
  private func failWaiting() {
    guard !waiting.isEmpty, !canConnect, !isRestarting else { return }
    let error = unreachable
    for call in waiting.popAll(isWaiting: { $0.isWaiting }) {
      if call.call.waitsForReady {
        waiting.append(call)
      } else {
        call.isWaiting = false
        call.connectionFailed(error)
      }
    }
  }

  // MARK: - Names

  private func perform(_ action: Resolver.Action) {
    guard case .name(let host, let port) = target, !isClosed else { return }
    switch action {
    case .none: break
    case .lookUp:
      lookup = names.resolve(.name(host, port: port), on: loop) { [weak self] in self?.found($0) }
    case .wait(let time):
      lookupTimer = loop.schedule(after: time) { [weak self] in
        guard let self else { return }
        lookupTimer = nil
        resolver.waitOver()
        if !waiting.isEmpty { perform(resolver.wanted(now: loop.now)) }
      }
    }
  }

  private func found(_ result: Result<[SocketAddress], ReactorError>) {
    lookup = nil
    switch result {
    case .failure(let error):
      perform(resolver.failed("\(error)", chance: .random(in: 0...1)))
      failWaiting()
    case .success(let addresses):
      resolver.found(now: loop.now)
      use(addresses)
    }
  }

  /// Keeps what it has of the addresses, takes those that are new, and lets go of the others.
  private func use(_ addresses: [SocketAddress]) {
    endRace()
    let former = subchannels
    subchannels = addresses.map { address in
      former.first { $0.address == address }
        ?? SubchannelConnection(channel: self, address: address, authority: authority(of: address))
    }
    for subchannel in former where !addresses.contains(subchannel.address) {
      ready.removeAll { $0 === subchannel }
      subchannel.retire()
    }
    if !waiting.isEmpty { connect() }
  }

  // MARK: - The end

  /// Calls that run finish, those that wait fail, and no more are taken.
  func close() {
    guard !isClosed else { return }
    isClosed = true
    for call in waiting.popAll(isWaiting: { $0.isWaiting }) {
      call.isWaiting = false
      call.end(.own(.unavailable("the channel is closed")))
    }
    endRace()
    lookup?.cancel()
    lookup = nil
    if let lookupTimer { loop.cancel(lookupTimer) }
    lookupTimer = nil
    for subchannel in subchannels { subchannel.retire() }
    // What the channel and its connections hold of one another ends here.
    subchannels = []
    ready = []
  }
}

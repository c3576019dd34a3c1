internal import CPostgres
internal import Reactor

/// One attempt to connect: tries every server and every address until one takes the connection or the time is up.
final class ConnectionAttempt: ReadinessHandler {
  enum Outcome {
    case connected(ConnectionHandle)
    case failed(reason: String)
  }

  private let loop: EventLoop
  private let settings: ConnectionSettings
  private let helpers: BlockingPool
  private let end: Instant
  private var completion: ((Outcome) -> Void)?
  private var handle: ConnectionHandle?
  private var candidates = ConnectCandidates(servers: [], failures: [])
  private var current: ServerAddress?
  private var watch: Watch?
  private var totalTimer: Timer?
  private var serverTimer: Timer?

  /// - Parameters:
  ///   - helpers: runs what blocks.
  ///   - timeout: for everything together, the look-up of names included.
  ///   - completion: called once, on the loop, never before this returns; not at all after `cancel`.
  init(
    loop: EventLoop, settings: ConnectionSettings, helpers: BlockingPool, timeout: Duration,
    completion: @escaping (Outcome) -> Void
  ) {
    self.loop = loop
    self.settings = settings
    self.helpers = helpers
    self.completion = completion
    end = Instant.now().advanced(by: timeout)
    totalTimer = loop.schedule(at: end) { [self] in
      totalTimer = nil
      fail("the server did not answer the connection attempt in time")
    }
    open { [settings] in settings.open() }
  }

  /// Gives up without a word.
  func cancel() {
    completion = nil
    stop()
  }

  private func open(_ work: @escaping @Sendable () -> ConnectionSettings.Outcome) {
    let bound = LoopBound(self, loop: loop)
    Task(executorPreference: loop) { [helpers, loop] in
      let outcome = try? await helpers.run(work)
      loop.execute { bound.value.opened(outcome) }
    }
  }

  private func opened(_ outcome: ConnectionSettings.Outcome?) {
    // An answer that comes too late is dropped, and its connection closed with it.
    guard completion != nil else { return }
    switch outcome {
    case nil: fail("the threads that look up host names are all busy")
    case .failed(let reason): fail(reason)
    case .opened(let opening):
      handle = opening.handle
      candidates = opening.candidates
      if opening.handle.isBad { return fail(opening.handle.errorMessage) }
      proceed(PGRES_POLLING_WRITING, opening.handle)
    }
  }

  func ready(_ events: Interest) {
    guard completion != nil, let handle else { return }
    // libpq may go on with another socket, so the watch is made anew for each step.
    endWatch()
    proceed(handle.pollConnect(), handle)
  }

  private func proceed(_ next: PostgresPollingStatusType, _ handle: ConnectionHandle) {
    switch next {
    case PGRES_POLLING_OK:
      let completion = completion.take()
      stop()
      completion?(.connected(handle))
      return
    case PGRES_POLLING_READING: beginWatch(handle, for: .read)
    case PGRES_POLLING_WRITING: beginWatch(handle, for: .write)
    default: return fail(handle.errorMessage)
    }
    watchServer(handle.currentServer)
  }

  /// Gives each server its share of the time.
  private func watchServer(_ server: ServerAddress) {
    guard completion != nil, server != current else { return }
    current = server
    if let serverTimer { loop.cancel(serverTimer) }
    serverTimer = candidates.patience(timeLeft: Instant.now().duration(to: end)).map { patience in
      loop.schedule(after: patience) { [self] in
        serverTimer = nil
        serverIsSilent(server)
      }
    }
  }

  private func serverIsSilent(_ server: ServerAddress) {
    guard candidates.giveUp(server) else { return }
    endWatch()
    handle = nil
    current = nil
    open { [settings, candidates] in settings.open(candidates) }
  }

  private func beginWatch(_ handle: ConnectionHandle, for interest: Interest) {
    do {
      watch = try loop.watch(handle.descriptor, for: interest, self)
    } catch {
      fail("\(error)")
    }
  }

  private func endWatch() {
    if let watch { loop.unwatch(watch) }
    watch = nil
  }

  private func fail(_ reason: String) {
    let completion = completion.take()
    stop()
    handle = nil
    completion?(.failed(reason: candidates.account(of: reason)))
  }

  private func stop() {
    endWatch()
    for timer in [totalTimer, serverTimer] { if let timer { loop.cancel(timer) } }
    totalTimer = nil
    serverTimer = nil
    if completion == nil { handle = nil }
  }
}

internal import CLinux
internal import DequeModule
internal import Glibc
internal import Synchronization

/// One thread, one `epoll`, one heap of timers: descriptors, timers and the jobs of Swift tasks are all served here.
///
/// A task started with `Task(executorPreference: loop)` runs on this thread, so an `async` handler continues where its request
/// was read: no hop, no lock. Work that blocks does not belong here (see `BlockingPool`).
///
/// A turn: take readiness events, fire timers, run the jobs that became ready, then flush every connection written to, once.
// @unchecked Sendable: what any thread may touch is immutable, a mutex, or Sendable itself (the members above "Loop-bound"). The others are
// reached by the loop's own thread only: the public methods check that (`preconditionCurrent`), the private ones are called by those and
// by `run`, which is that thread.
public final class EventLoop: TaskExecutor, @unchecked Sendable {
  public let name: String
  public let limits: EventLoopLimits
  /// What timers follow; nil is the system's monotonic clock.
  let clock: ManualClock?
  /// Bounds the connections that listeners on this loop let in.
  public let connectionBudget: ConnectionBudget
  let activity = LoopActivity()

  private let epollDescriptor: Int32
  let inbox: Inbox
  private let thread = Mutex<pthread_t?>(nil)
  private let lentExecutor = Mutex(LentExecutor())

  // Loop-bound from here on. Exclusivity is unchecked: one thread only, and no method lends one of these to code that may come back to the
  // loop (each is read or changed in one step, and what is called afterwards works on a copy or another array).
  @exclusivity(unchecked) private var ready = Deque<ReadyJob>()
  @exclusivity(unchecked) private var isRunningJob = false
  @exclusivity(unchecked) private var isCatching = false
  @exclusivity(unchecked) private var caught: ReadyJob?
  @exclusivity(unchecked) private var taken = Inbox.Contents()
  @exclusivity(unchecked) private var deferred = TurnList<@Sendable () -> Void>()
  @exclusivity(unchecked) private var yielded = Deque<() -> Void>()
  @exclusivity(unchecked) private var timers = TimerHeap<TimerAction>()
  @exclusivity(unchecked) private var watches = WatchTable()
  @exclusivity(unchecked) private var posted = TurnList<(key: UInt64, readiness: () -> Interest)>()
  @exclusivity(unchecked) private var flushes = TurnList<any Flushable>()
  @exclusivity(unchecked) private var stopping = false
  @exclusivity(unchecked) private var turnStart = Instant(nanoseconds: 0)
  @exclusivity(unchecked) private var taskExecutor: UnownedTaskExecutor?
  /// Something happened in the running turn.
  @exclusivity(unchecked) private var isEventful = false
  @exclusivity(unchecked) private var eventfulTurns: UInt64 = 0
  let readBuffer: UnsafeMutableRawBufferPointer
  @exclusivity(unchecked) var outputBuffers: OutputBufferPool
  @exclusivity(unchecked) var accepted = AcceptedConnections()
  @exclusivity(unchecked) private var heapReturn = HeapReturnPolicy()

  private struct LentExecutor {
    weak var executor: EventLoopSerialExecutor?
  }

  /// - Parameters:
  ///   - clock: what timers follow; nil takes the system's monotonic clock.
  ///   - connectionBudget: shared with the other loops of a process; nil takes the bound from the limit of open files.
  /// - Throws: `ReactorError.systemCall` when the process is out of descriptors.
  public init(
    name: String = "loop", limits: EventLoopLimits = EventLoopLimits(), clock: ManualClock? = nil,
    connectionBudget: ConnectionBudget? = nil
  ) throws(ReactorError) {
    let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard epoll >= 0 else { throw .last("epoll_create1") }
    do throws(ReactorError) {
      inbox = try Inbox()
    } catch {
      close(epoll)
      throw error
    }
    var event = epoll_event()
    event.events = cl_epoll_in
    event.data.u64 = .max
    epoll_ctl(epoll, EPOLL_CTL_ADD, inbox.descriptor, &event)
    self.name = name
    self.limits = limits
    self.clock = clock
    self.connectionBudget = connectionBudget ?? ConnectionBudget()
    epollDescriptor = epoll
    readBuffer = .allocate(byteCount: limits.readBufferByteCount, alignment: 16)
    outputBuffers = OutputBufferPool(capacity: limits.pooledOutputBuffers)
    clock?.join(self)
  }

  deinit {
    readBuffer.deallocate()
    close(epollDescriptor)
  }

  // MARK: - Any thread

  /// The loop that runs on the calling thread, if one does.
  public static var current: EventLoop? {
    guard let context = cl_thread_context() else { return nil }
    return Unmanaged<EventLoop>.fromOpaque(context).takeUnretainedValue()
  }

  /// Whether the caller runs on this loop's thread.
  @inline(__always)
  public var isCurrent: Bool {
    cl_thread_context() == Unmanaged.passUnretained(self).toOpaque()
  }

  /// Stops the program when the caller is on another thread: touching loop-bound state from there is a programmer's error.
  @inline(__always)
  public func preconditionCurrent() {
    precondition(isCurrent, "loop-bound state was touched from another thread")
  }

  /// An executor for actors that live on this loop: the same one for as long as anybody keeps it.
  public var serialExecutor: EventLoopSerialExecutor {
    // Kept weakly, because the executor keeps the loop.
    lentExecutor.withLock { lent in
      if let executor = lent.executor { return executor }
      let executor = EventLoopSerialExecutor(loop: self)
      lent.executor = executor
      return executor
    }
  }

  public func enqueue(_ job: consuming ExecutorJob) {
    enqueue(ReadyJob(job: UnownedJob(job), isolation: nil))
  }

  func enqueue(_ job: ReadyJob) {
    if isCurrent {
      if isCatching, caught == nil { caught = job } else { ready.append(job) }
      return
    }
    inbox.leave(job)
  }

  /// Runs `body` on the loop, in the order of the calls of one thread. From the loop itself it runs in the next turn.
  public func execute(_ body: @escaping @Sendable () -> Void) {
    if isCurrent {
      deferred.append(body)
      return
    }
    inbox.leave(body)
  }

  /// What the loop has done when its thread comes by; nil when it has ended.
  func progress() async -> EventLoopProgress? {
    await withUnsafeContinuation { (continuation: UnsafeContinuation<EventLoopProgress?, Never>) in
      if !inbox.ask({ continuation.resume(returning: $0) }) { continuation.resume(returning: nil) }
    }
  }

  /// Starts the loop's thread. Starting twice is a programmer's error.
  public func start() {
    thread.withLock { handle in
      precondition(handle == nil, "the loop runs already")
      var created = pthread_t()
      let context = Unmanaged.passRetained(self).toOpaque()
      let code = pthread_create(
        &created, nil,
        { context in
          Unmanaged<EventLoop>.fromOpaque(context!).takeRetainedValue().run()
          return nil
        }, context)
      precondition(code == 0, "no thread could be made for an event loop: errno \(code)")
      handle = created
    }
  }

  /// Asks the loop to end after the turn it is in; off the loop it waits for that. What is still watched is told `.hangup`, jobs that
  /// become ready later never run, so end the tasks first. Stopping twice is harmless.
  public func stop() {
    inbox.leaveStop()
    guard !isCurrent else { return }
    let handle = thread.withLock { $0.take() }
    if let handle { pthread_join(handle, nil) }
  }

  // MARK: - On the loop

  /// The time this turn began. Reading it costs nothing.
  public var now: Instant {
    preconditionCurrent()
    return turnStart
  }

  /// Runs `action` on the loop at `moment` or soon after.
  @discardableResult
  public func schedule(at moment: Instant, _ action: @escaping () -> Void) -> Timer {
    preconditionCurrent()
    return timers.insert(at: moment, TimerAction(run: action))
  }

  @discardableResult
  public func schedule(after delay: Duration, _ action: @escaping () -> Void) -> Timer {
    schedule(at: Instant.now().advanced(by: delay), action)
  }

  /// Whether this turn has lasted for `EventLoopLimits.timeSlice`: work that could go on without an end then yields to the others.
  public var isTurnLong: Bool {
    preconditionCurrent()
    return turnStart.duration(to: .now()) >= limits.timeSlice
  }

  /// Runs `body` when no job is ready, or after some dozens of jobs: in this turn while its time slice lasts, otherwise in a later one, after
  /// descriptors and timers were looked at.
  public func yield(_ body: @escaping () -> Void) {
    preconditionCurrent()
    yielded.append(body)
  }

  /// Forgets a timer; one that has fired already is ignored.
  public func cancel(_ timer: Timer) {
    preconditionCurrent()
    timers.remove(timer)
  }

  /// Tells `handler` whenever `descriptor` is ready for one of `interest`. The loop retains the handler until `unwatch`.
  public func watch(
    _ descriptor: Int32, for interest: Interest, _ handler: any ReadinessHandler
  ) throws(ReactorError) -> Watch {
    preconditionCurrent()
    let watch = watches.insert(handler, descriptor: descriptor)
    var event = epoll_event()
    event.events = interest.rawValue
    event.data.u64 = watch.key
    guard epoll_ctl(epollDescriptor, EPOLL_CTL_ADD, descriptor, &event) == 0 else {
      let error = ReactorError.last("epoll_ctl")
      _ = watches.remove(watch)
      throw error
    }
    return watch
  }

  /// A watch of something that is no descriptor: its handler is told what `post` says, and that the loop ends.
  func watch(_ handler: any ReadinessHandler) -> Watch {
    preconditionCurrent()
    return watches.insert(handler, descriptor: -1)
  }

  /// Tells the handler of a watch in the next turn what `readiness` answers then.
  func post(_ watch: Watch, _ readiness: @escaping () -> Interest) {
    preconditionCurrent()
    posted.append((watch.key, readiness))
  }

  /// Changes what a watched descriptor is watched for.
  public func modify(_ watch: Watch, for interest: Interest) {
    preconditionCurrent()
    var event = epoll_event()
    event.events = interest.rawValue
    event.data.u64 = watch.key
    epoll_ctl(epollDescriptor, EPOLL_CTL_MOD, watch.descriptor, &event)
  }

  /// Ends a watch. Call it before the descriptor is closed. Twice is harmless.
  public func unwatch(_ watch: Watch) {
    preconditionCurrent()
    guard watches.remove(watch), watch.descriptor >= 0 else { return }
    epoll_ctl(epollDescriptor, EPOLL_CTL_DEL, watch.descriptor, nil)
  }

  /// `target.flush()` is called when this turn's events, timers and jobs are through. The caller asks once a turn.
  public func flushLater(_ target: any Flushable) {
    preconditionCurrent()
    flushes.append(target)
  }

  func connectionOpened() {
    heapReturn.opened()
  }

  func connectionClosed() {
    guard heapReturn.closed() else { return }
    schedule(after: HeapReturn.delay) { [self] in
      heapReturn.returned()
      HeapReturn.begin()
    }
  }

  /// Closes the connections of this loop that have been idle longest. Answers whether there were any.
  func closeOldestIdle() -> Bool {
    let oldest = accepted.oldestIdle()
    guard !oldest.isEmpty else { return false }
    for connection in oldest {
      connection.delegate?.closeIdle(connection)
      connection.close()
    }
    connectionBudget.madeRoom(closing: oldest.count)
    return true
  }

  // MARK: - The thread

  private func run() {
    cl_set_thread_context(Unmanaged.passUnretained(self).toOpaque())
    cl_name_thread(name)
    if let clock { cl_set_thread_clock(clock.reading) }
    taskExecutor = asUnownedTaskExecutor()
    let events = UnsafeMutableBufferPointer<epoll_event>.allocate(capacity: limits.eventsPerTurn)
    defer { events.deallocate() }
    while !stopping { turn(events) }
    for handler in watches.handlers { handler.ready([.hangup, .error]) }
    takeInbox()
    runJobs()
    flushAll()
    inbox.end()
    cl_set_thread_clock(nil)
    cl_set_thread_context(nil)
  }

  private func turn(_ events: UnsafeMutableBufferPointer<epoll_event>) {
    var timeout = timeout()
    if timeout != 0, !inbox.mayWait() { timeout = 0 }
    let count = cl_epoll_wait(epollDescriptor, events.baseAddress, Int32(events.count), timeout)
    if timeout != 0 { inbox.waited() }
    turnStart = .now()
    activity.turnBegins(at: clock == nil ? turnStart : .system())
    if count > 0 { dispatch(UnsafeMutableBufferPointer(rebasing: events[..<Int(count)])) }
    dispatchPosted()
    while let action = timers.popDue(at: turnStart) {
      isEventful = true
      action.run()
    }
    runDeferred()
    takeInbox()
    runJobs()
    flushAll()
    if isEventful {
      eventfulTurns &+= 1
      isEventful = false
    }
    activity.turnEnds(at: .system(), watches: watches.count, timers: timers.count)
  }

  /// Something waits for the next turn.
  private var hasWork: Bool {
    !ready.isEmpty || !flushes.isEmpty || !deferred.isEmpty || !posted.isEmpty || !yielded.isEmpty
  }

  private func timeout() -> Int64 {
    if hasWork { return 0 }
    guard let next = timers.next else { return -1 }
    // Another clock wakes the loop when it has moved.
    if clock != nil { return next <= .now() ? 0 : -1 }
    return max(0, next.nanoseconds - Instant.now().nanoseconds)
  }

  private func dispatch(_ events: UnsafeMutableBufferPointer<epoll_event>) {
    for event in events {
      let key = event.data.u64
      if key == .max {
        inbox.clearWakeUp()
      } else {
        isEventful = true
        watches.handler(for: key)?.ready(Interest(rawValue: event.events))
      }
    }
  }

  private func dispatchPosted() {
    guard posted.take() else { return }
    isEventful = true
    for (key, readiness) in posted.taken {
      guard let handler = watches.handler(for: key) else { continue }
      let events = readiness()
      if !events.isEmpty { handler.ready(events) }
    }
    posted.done()
  }

  private func runDeferred() {
    guard deferred.take() else { return }
    isEventful = true
    for closure in deferred.taken { closure() }
    deferred.done()
  }

  private func takeInbox() {
    guard inbox.take(&taken) else { return }
    for answer in taken.questions {
      answer(
        EventLoopProgress(
          eventfulTurns: eventfulTurns, hasWork: hasWork || isEventful, nextTimer: timers.next))
    }
    ready.append(contentsOf: taken.jobs)
    if !taken.jobs.isEmpty || !taken.closures.isEmpty { isEventful = true }
    for closure in taken.closures { closure() }
    if taken.stop { stopping = true }
    taken.removeAll()
  }

  /// Jobs that may go ahead of work that has yielded, which would wait for ever for those that make one another ready.
  private static let jobsPerYielded = 64

  private func runJobs() {
    var budget = limits.jobsPerTurn
    var jobsUntilYielded = Self.jobsPerYielded
    var hasResumed = false
    while budget > 0 {
      let mayResume = ready.isEmpty ? !hasResumed || !isTurnLong : jobsUntilYielded <= 0
      if mayResume, let resume = yielded.popFirst() {
        hasResumed = true
        jobsUntilYielded = Self.jobsPerYielded
        resume()
      } else if let next = ready.popFirst() {
        budget -= 1
        jobsUntilYielded -= 1
        run(next)
      } else {
        break
      }
    }
    // Jobs that make one another ready never leave a gap: work that yielded gets its share of every turn all the same.
    if !hasResumed, !yielded.isEmpty {
      hasResumed = true
      yielded.removeFirst()()
    }
    if budget < limits.jobsPerTurn || hasResumed { isEventful = true }
    activity.ranJobs(limits.jobsPerTurn - budget)
  }

  private func run(_ next: ReadyJob) {
    guard let executor = taskExecutor else { return }
    isRunningJob = true
    if let isolation = next.isolation {
      next.job.runSynchronously(isolatedTo: isolation, taskExecutor: executor)
    } else {
      next.job.runSynchronously(on: executor)
    }
    isRunningJob = false
  }

  /// Runs the first job that `body` makes ready before this returns, ahead of those that wait: for code that has just read what a handler
  /// is to work on, while that is in the cache. From within a job it waits for its turn like any other.
  public func runAtOnce(_ body: () -> Void) {
    preconditionCurrent()
    guard !isRunningJob, !isCatching else { return body() }
    isCatching = true
    body()
    isCatching = false
    guard let job = caught.take() else { return }
    run(job)
    activity.ranJobs(1)
  }

  private func flushAll() {
    // Flushing may ask for another flush (a full socket drained, a callback wrote more): that one belongs to the next turn.
    guard flushes.take() else { return }
    isEventful = true
    for target in flushes.taken { target.flush() }
    flushes.done()
  }
}

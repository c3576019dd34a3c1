internal import CLinux
internal import Glibc
internal import Synchronization

/// Where other threads leave work for a loop, and what wakes the loop for it.
///
/// The loop's descriptor is written to only when the loop waits in the kernel, and only by the first who leaves something then. However
/// many jobs arrive while the loop works, they cost no system call: it looks here before it waits again.
final class Inbox: Sendable {
  struct Contents {
    var jobs: [ReadyJob] = []
    var closures: [@Sendable () -> Void] = []
    /// Who asks for the loop's progress; answered when its thread comes by.
    var questions: [@Sendable (EventLoopProgress?) -> Void] = []
    var stop = false

    /// Keeps the memory of the arrays for the next turn, unless a burst has made them large.
    mutating func removeAll() {
      jobs.removeAll(keepingCapacity: jobs.capacity <= Self.keptCapacity)
      closures.removeAll(keepingCapacity: closures.capacity <= Self.keptCapacity)
      questions = []
      stop = false
    }

    static let keptCapacity = 4096
  }

  private enum Attention: UInt8, AtomicRepresentable {
    /// The loop works, and nothing was left since it looked.
    case working
    /// Something was left that the loop has not looked at.
    case wanted
    /// The loop is in the kernel, or about to be, and nothing was left.
    case waiting
  }

  /// Readable when a waiting loop is wanted.
  let descriptor: Int32
  private let contents = Mutex((left: Contents(), hasEnded: false))
  private let attention = Atomic<Attention>(.working)
  private let wakeUpCount = Atomic<UInt64>(0)

  /// How often the loop had to be woken.
  var wakeUps: UInt64 { wakeUpCount.load(ordering: .relaxed) }

  /// - Throws: `ReactorError.systemCall` when the process is out of descriptors.
  init() throws(ReactorError) {
    descriptor = cl_eventfd()
    guard descriptor >= 0 else { throw .last("eventfd") }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  // MARK: - Any thread

  func leave(_ job: ReadyJob) {
    contents.withLock { $0.left.jobs.append(job) }
    wake()
  }

  func leave(_ closure: @escaping @Sendable () -> Void) {
    let isHeard = contents.withLock { contents in
      // A loop that has ended runs nothing any more, and must not keep what keeps the loop.
      if !contents.hasEnded { contents.left.closures.append(closure) }
      return !contents.hasEnded
    }
    if isHeard { wake() }
  }

  /// False when the loop has ended and nobody will answer.
  func ask(_ answer: @escaping @Sendable (EventLoopProgress?) -> Void) -> Bool {
    let isHeard = contents.withLock { contents in
      if !contents.hasEnded { contents.left.questions.append(answer) }
      return !contents.hasEnded
    }
    if isHeard { wake() }
    return isHeard
  }

  func leaveStop() {
    contents.withLock { $0.left.stop = true }
    wake()
  }

  private func wake() {
    guard attention.exchange(.wanted, ordering: .sequentiallyConsistent) == .waiting else { return }
    wakeUpCount.add(1, ordering: .relaxed)
    var one: UInt64 = 1
    _ = write(descriptor, &one, 8)
  }

  // MARK: - The loop's thread

  /// Whether the loop may wait in the kernel: nothing was left since it looked. Follow with `waited`.
  func mayWait() -> Bool {
    attention.compareExchange(expected: .working, desired: .waiting, ordering: .sequentiallyConsistent).exchanged
  }

  /// The loop is back from the kernel.
  func waited() {
    _ = attention.compareExchange(expected: .waiting, desired: .working, ordering: .sequentiallyConsistent)
  }

  /// Takes back the wake-up that `descriptor` has told.
  func clearWakeUp() {
    var count: UInt64 = 0
    _ = read(descriptor, &count, 8)
  }

  /// Exchanges what was left for the (empty) arrays in `taken`. False when nothing was left.
  func take(_ taken: inout Contents) -> Bool {
    // Before the contents are looked at: what is left afterwards wants attention again.
    guard attention.exchange(.working, ordering: .sequentiallyConsistent) == .wanted else { return false }
    contents.withLock { swap(&$0.left, &taken) }
    return true
  }

  /// Nothing that is left from now on is looked at.
  func end() {
    let (unanswered, _) = contents.withLock { contents in
      contents.hasEnded = true
      // Released outside the lock: what goes away with the closures may turn to the loop.
      defer { (contents.left.questions, contents.left.closures) = ([], []) }
      return (contents.left.questions, contents.left.closures)
    }
    for answer in unanswered { answer(nil) }
  }
}

internal import CLinux
internal import DequeModule
internal import Glibc

public enum BlockingPoolError: Error, Sendable {
  /// As many jobs wait as the pool allows: tell the caller to come back later.
  case queueFull
  case stopped
}

/// A few threads for work that blocks (password hashing, name look-ups, drawing, file reads), with a bounded queue. Results come back by
/// continuation, on the event loop the waiting task prefers.
// @unchecked Sendable: every mutable field is touched only while `mutex` is held.
public final class BlockingPool: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private var queue = Deque<Job>()
  private var lastNumber: UInt64 = 0
  private var idle = 0
  private var threads = 0
  private var stopped = false
  private let maximumThreads: Int
  private let queueLimit: Int

  private struct Job {
    let number: UInt64
    let run: @Sendable () -> Void
  }

  /// - Parameters:
  ///   - threads: at most this many jobs run at once; threads are made when first needed.
  ///   - queueLimit: at most this many jobs wait; one more is refused.
  public init(threads: Int, queueLimit: Int) {
    maximumThreads = max(1, threads)
    self.queueLimit = max(1, queueLimit)
    mutex = .allocate(capacity: 1)
    condition = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    pthread_cond_destroy(condition)
    mutex.deallocate()
    condition.deallocate()
  }

  /// Runs `body` on one of the pool's threads and suspends the caller until it is done. Cancelling the caller does not interrupt a job
  /// that has begun; one that has not is still run, its result is dropped with the task.
  /// - Throws: `BlockingPoolError`, or what `body` throws.
  public func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withUnsafeThrowingContinuation { (continuation: UnsafeContinuation<Result, any Error>) in
      do throws(BlockingPoolError) {
        _ = try submit { continuation.resume(with: Swift.Result { try body() }) }
      } catch {
        continuation.resume(throwing: error)
      }
    }
  }

  /// Jobs that wait for a thread now.
  public var queued: Int {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return queue.count
  }

  /// Lets the queued jobs finish and ends the threads; new jobs are refused.
  public func stop() {
    pthread_mutex_lock(mutex)
    stopped = true
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
  }

  /// Answers the job's number, by which it can be withdrawn.
  func submit(_ job: @escaping @Sendable () -> Void) throws(BlockingPoolError) -> UInt64 {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    if stopped { throw .stopped }
    if queue.count >= queueLimit { throw .queueFull }
    if idle > queue.count {
      pthread_cond_signal(condition)
    } else if threads < maximumThreads, startThread() {
      threads += 1
    }
    guard threads > 0 else { throw .queueFull }
    lastNumber += 1
    queue.append(Job(number: lastNumber, run: job))
    return lastNumber
  }

  /// Takes a job that still waits out of the queue, so that it holds no place there.
  func withdraw(_ number: UInt64) {
    pthread_mutex_lock(mutex)
    let index = queue.firstIndex { $0.number == number }
    let withdrawn = index.map { queue.remove(at: $0) }
    pthread_mutex_unlock(mutex)
    // What the job holds is released without the mutex.
    withExtendedLifetime(withdrawn) {}
  }

  private func startThread() -> Bool {
    var handle = pthread_t()
    let context = Unmanaged.passRetained(self).toOpaque()
    let code = pthread_create(
      &handle, nil,
      { context in
        cl_name_thread("blocking")
        Unmanaged<BlockingPool>.fromOpaque(context!).takeRetainedValue().work()
        return nil
      }, context)
    guard code == 0 else {
      Unmanaged<BlockingPool>.fromOpaque(context).release()
      return false
    }
    pthread_detach(handle)
    return true
  }

  private func work() {
    pthread_mutex_lock(mutex)
    while true {
      if let job = queue.popFirst() {
        pthread_mutex_unlock(mutex)
        job.run()
        pthread_mutex_lock(mutex)
      } else if stopped {
        break
      } else {
        idle += 1
        pthread_cond_wait(condition, mutex)
        idle -= 1
      }
    }
    threads -= 1
    pthread_mutex_unlock(mutex)
  }
}

internal import CLinux
internal import Glibc
internal import Synchronization

/// Decides when memory that connections have left free in the heap is given back to the system. Pure.
///
/// The allocator keeps what is freed between blocks that are still in use: 12,000 HTTP/2 connections that came and went left 200 MB of
/// resident memory, less than 1 MB of it in use.
struct HeapReturnPolicy {
  /// So many connections fewer than before are worth the trouble: about 4 MB of HTTP/2 sessions.
  static let worthwhile = 256

  private(set) var open = 0
  /// Most connections that were open since memory was given back.
  private var peak = 0
  private var isPlanned = false

  mutating func opened() {
    open += 1
    peak = max(peak, open)
  }

  /// Answers true when memory is to be given back a little later, once others have closed too.
  mutating func closed() -> Bool {
    open -= 1
    guard !isPlanned, peak - open >= Self.worthwhile else { return false }
    isPlanned = true
    return true
  }

  mutating func returned() {
    isPlanned = false
    peak = open
  }
}

enum HeapReturn {
  /// How long after a connection has closed memory is given back. Short, so that a crowd that leaves is given back in parts: the allocator is
  /// locked meanwhile, and a hundred megabytes at once would hold the loops up for longer than a caller should notice.
  static let delay = Duration.milliseconds(20)

  /// Requests since the thread began its last round; 0 while there is no thread.
  private static let requests = Atomic<Int>(0)

  /// Gives the free pages of every arena back (`malloc_trim`), on a thread of its own.
  static func begin() {
    guard requests.add(1, ordering: .acquiringAndReleasing).oldValue == 0 else { return }
    var handle = pthread_t()
    let code = pthread_create(
      &handle, nil,
      { _ in
        cl_name_thread("heap-return")
        HeapReturn.work()
        return nil
      }, nil)
    if code == 0 { pthread_detach(handle) } else { requests.store(0, ordering: .releasing) }
  }

  private static func work() {
    var seen: Int
    repeat {
      seen = requests.load(ordering: .acquiring)
      cl_return_heap()
    } while !requests.compareExchange(expected: seen, desired: 0, ordering: .acquiringAndReleasing).exchanged
  }
}

import Glibc
import Testing

@testable import Reactor

@Suite("What other threads leave for a loop")
struct InboxTests {
  private func isReadable(_ descriptor: Int32) -> Bool {
    var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return Glibc.poll(&poll, 1, 0) == 1
  }

  @Test("costs one wake-up when the loop waits, none when it works, however much it is")
  func wakeUps() throws {
    let inbox = try Inbox()
    var taken = Inbox.Contents()
    for _ in 0..<10_000 { inbox.leave {} }
    #expect(inbox.wakeUps == 0)
    #expect(!isReadable(inbox.descriptor))
    // What was left meanwhile keeps the loop from waiting.
    #expect(!inbox.mayWait())
    #expect(inbox.take(&taken))
    #expect(taken.closures.count == 10_000)
    taken.removeAll()
    #expect(!inbox.take(&taken))

    #expect(inbox.mayWait())
    for _ in 0..<10_000 { inbox.leave {} }
    #expect(inbox.wakeUps == 1)
    #expect(isReadable(inbox.descriptor))
    inbox.waited()
    inbox.clearWakeUp()
    #expect(!inbox.mayWait())
    #expect(inbox.take(&taken))
    #expect(taken.closures.count == 10_000)
    taken.removeAll()

    // Woken by something else.
    #expect(inbox.mayWait())
    inbox.waited()
    inbox.leave {}
    #expect(inbox.wakeUps == 1)
    #expect(inbox.take(&taken))
    // A burst does not keep its memory for ever.
    taken.removeAll()
    #expect(taken.closures.capacity <= Inbox.Contents.keptCapacity)
  }

  @Test("is answered when the loop has ended, and not before")
  func questions() throws {
    let inbox = try Inbox()
    let unanswered = SharedCounter()
    #expect(inbox.ask { if $0 == nil { unanswered.increment() } })
    #expect(unanswered.value == 0)
    inbox.end()
    #expect(unanswered.value == 1)
    #expect(!inbox.ask { _ in unanswered.increment() })
    #expect(unanswered.value == 1)
  }

  @Test("wakes a loop once for a batch that comes while it works")
  func batch() async throws {
    let group = try EventLoopGroup(count: 1)
    defer { group.stop() }
    let loop = group.loops[0]
    let done = SharedCounter()
    let before = loop.statistics().wakeUps
    let (started, finished) = (SharedCounter(), SharedCounter())
    loop.execute {
      started.increment()
      while finished.value == 0 { usleep(100) }
    }
    while started.value == 0 { await Task.yield() }
    for _ in 0..<10_000 { loop.execute { done.increment() } }
    finished.increment()
    while done.value < 10_000 { await Task.yield() }
    // The first one found the loop waiting, or in the turn before.
    #expect(loop.statistics().wakeUps - before <= 1)
  }
}

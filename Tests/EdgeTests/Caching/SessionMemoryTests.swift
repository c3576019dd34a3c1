import Reactor
import ServiceKit
import Testing

@testable import Edge

@Suite("What is remembered of sessions")
struct SessionMemoryTests {
  typealias Memory = SessionMemory<String>

  private static let now = Instant(nanoseconds: 0)
  private static let later = Instant(nanoseconds: 1_000)

  private static func owner(_ session: String, user: String = "u", tenant: String = "t") -> Memory.Owner {
    Memory.Owner(session: session, user: user, tenant: tenant)
  }

  private static func recall(
    _ memory: inout Memory, _ session: String, in tenant: String = "t", at now: Instant = now
  ) -> String? {
    memory.value(session: Array(session.utf8)[...], tenant: tenant, now: now)
  }

  private static func remember(_ memory: inout Memory, _ owner: Memory.Owner, in tenant: String, _ value: String) {
    let check = memory.beginCheck(owner, tenant: tenant)
    #expect(memory.finish(check, (value, later)) == true)
  }

  @Test("is the session and the tenant that is acted in, for a time")
  func remembering() {
    var memory = Memory(capacity: 10)
    #expect(Self.recall(&memory, "s") == nil)
    Self.remember(&memory, Self.owner("s"), in: "t", "own")
    Self.remember(&memory, Self.owner("s"), in: "other", "crossing")
    #expect(Self.recall(&memory, "s") == "own" && Self.recall(&memory, "s", in: "other") == "crossing")
    #expect(Self.recall(&memory, "s", in: "third") == nil && Self.recall(&memory, "other") == nil)
    #expect(Self.recall(&memory, "s", at: Self.later) == nil)
  }

  static let changes: [(SessionChange, forgotten: Set<String>)] = [
    (.session("a1"), ["a1"]), (.user("a"), ["a1", "a2"]), (.tenant("t1"), ["a1", "a2", "b"]), (.session("none"), []),
    (.user("t1"), []), (.tenant("t3"), ["c"]),
  ]

  @Test("ends for exactly those a change is about", arguments: changes)
  func forgetting(_ change: SessionChange, _ forgotten: Set<String>) {
    var memory = Memory(capacity: 100)
    let owners = [
      Self.owner("a1", user: "a", tenant: "t1"), Self.owner("a2", user: "a", tenant: "t1"),
      Self.owner("b", user: "b", tenant: "t1"), Self.owner("c", user: "c", tenant: "t2"),
    ]
    for owner in owners { Self.remember(&memory, owner, in: owner.tenant, owner.session) }
    // C acts in another tenant.
    Self.remember(&memory, owners[3], in: "t3", "crossing")
    memory.forget(change)
    for owner in owners {
      let isKept = Self.recall(&memory, owner.session, in: owner.tenant) != nil
      #expect(isKept == !forgotten.contains(owner.session), "\(owner.session)")
    }
  }

  @Test("is not what a check brings that a change has overtaken", arguments: changes)
  func overtaken(_ change: SessionChange, _ forgotten: Set<String>) {
    var memory = Memory(capacity: 100)
    for owner in [
      Self.owner("a1", user: "a", tenant: "t1"), Self.owner("b", user: "b", tenant: "t1"),
      Self.owner("c", user: "c", tenant: "t2"),
    ] {
      let tenant = owner.session == "c" ? "t3" : owner.tenant
      let first = memory.beginCheck(owner, tenant: tenant)
      memory.forget(change)
      let second = memory.beginCheck(owner, tenant: tenant)
      // Of a tenant nobody can tell who acts in it, so that everybody is asked about again.
      let isAbout = forgotten.contains(owner.session) || change == .tenant("t1") || change == .tenant("t3")
      #expect(memory.finish(first, ("old", Self.later)) == !isAbout)
      if isAbout { #expect(Self.recall(&memory, owner.session, in: tenant) == nil) }
      // One that began after the change is as good as any.
      #expect(memory.finish(second, ("new", Self.later)) == true)
      #expect(Self.recall(&memory, owner.session, in: tenant) == "new")
    }
  }

  @Test("is bounded, in sessions and in tenants of one session")
  func bounds() {
    var memory = Memory(capacity: 10)
    for number in 0..<100 { Self.remember(&memory, Self.owner("\(number)"), in: "t", "") }
    #expect((0..<100).filter { Self.recall(&memory, "\($0)") != nil }.count <= 10)
    for number in 0..<100 { Self.remember(&memory, Self.owner("s"), in: "\(number)", "") }
    #expect((0..<100).filter { Self.recall(&memory, "s", in: "\($0)") != nil }.count == 8)
  }
}

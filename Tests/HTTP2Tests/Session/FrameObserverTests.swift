import Testing

@testable import HTTP2

@Suite("Frames seen before the engine sees them")
struct FrameObserverTests {
  private func frame(type: UInt8, flags: UInt8 = 0, length: Int) -> [UInt8] {
    [UInt8(length >> 16), UInt8(length >> 8 & 0xFF), UInt8(length & 0xFF), type, flags, 0, 0, 0, 1]
      + [UInt8](repeating: 0xFF, count: length)
  }

  private var stream: [UInt8] {
    [UInt8](repeating: 0, count: 24) + frame(type: 4, length: 0) + frame(type: 1, length: 300)
      + frame(type: 0, length: 70_000) + frame(type: 0, length: 0) + frame(type: 0, flags: 8, length: 200)
      + frame(type: 0, flags: 8, length: 300) + frame(type: 9, length: 10) + frame(type: 0xEE, length: 1)
      + frame(type: 2, length: 5) + frame(type: 3, length: 4) + frame(type: 6, length: 8)
  }

  @Test("are told apart however the bytes are cut", arguments: [1, 2, 3, 5, 9, 100, 16_384, 1_000_000])
  func cuts(size: Int) {
    var observer = FrameObserver(role: .server)
    var total = FrameObserver.Tally()
    var rest = stream[...]
    while !rest.isEmpty {
      let part = Array(rest.prefix(size))
      rest = rest.dropFirst(size)
      let tally = part.withUnsafeBytes { observer.observe($0) }
      total.useful += tally.useful
      total.idle += tally.idle
      total.continuations = max(total.continuations, tally.continuations)
    }
    #expect(total == FrameObserver.Tally(useful: 3, idle: 7, continuations: 1))
  }

  @Test("begin at once on a client's side, where no preface comes")
  func client() {
    var observer = FrameObserver(role: .client)
    let tally = (frame(type: 4, length: 6) + frame(type: 1, length: 1)).withUnsafeBytes { observer.observe($0) }
    #expect(tally == FrameObserver.Tally(useful: 1, idle: 1))
  }
}

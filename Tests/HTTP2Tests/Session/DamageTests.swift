import Reactor
import Testing

@testable import HTTP2

/// The engine and our callbacks without a socket: bytes of a lawful client, damaged by a seeded generator, into a server's session whose
/// delegate answers, resets and abandons at random.
@Suite("Damaged bytes")
struct DamageTests {
  @Test("end a stream or the session, never the process", arguments: 0..<8)
  func damage(part: UInt64) throws {
    let whole = try lawfulBytes()
    for round in 0..<150 {
      var random = SeededGenerator(seed: part * 1000 + UInt64(round))
      var bytes = whole
      for _ in 0..<Int.random(in: 0...6, using: &random) { damage(&bytes, &random) }
      try feed(bytes, random)
    }
  }

  /// A client's preface, requests with and without bodies, a reset and pings, as they would go over the wire.
  private func lawfulBytes() throws -> [UInt8] {
    let client = try HTTP2Session(role: .client)
    var bytes: [UInt8] = []
    for index in 0..<20 {
      let fields = HeaderFields([
        ":method": "POST", ":scheme": "http", ":path": "/\(index)", ":authority": "test", "x-number": "\(index)",
      ])
      let stream = try client.openStream(nil, fields, endsStream: index % 3 == 0, delegate: nil)
      stream.write([UInt8](repeating: UInt8(index), count: index * 50))
      if index % 3 == 1 { stream.finish(trailers: HeaderFields(["x-trailer": "t"])) }
      while client.nextOutput({ bytes.append(contentsOf: $0) }) {}
      if index % 5 == 4 { stream.reset(.cancel) }
      if index % 7 == 0 { client.ping() }
    }
    client.beginDraining()
    client.finishDraining()
    while client.nextOutput({ bytes.append(contentsOf: $0) }) {}
    client.abandon()
    return bytes
  }

  private func damage(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
    // The preface stays: without it nothing begins.
    let place = Int.random(in: 24..<bytes.count, using: &random)
    let length = min(Int.random(in: 1...40, using: &random), bytes.count - place)
    switch Int.random(in: 0...4, using: &random) {
    case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
    case 1: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
    case 2: bytes.removeSubrange(place..<place + length)
    case 3: bytes.insert(contentsOf: bytes[place..<place + length], at: place)
    default: bytes.insert(contentsOf: (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }, at: place)
    }
  }

  private func feed(_ bytes: [UInt8], _ random: SeededGenerator) throws {
    var random = random
    let session = try HTTP2Session(role: .server)
    let delegate = Whims(session: session, random: random)
    session.delegate = delegate
    var rest = bytes[...]
    var clock = Instant(nanoseconds: 1)
    do throws(HTTP2Error) {
      while !rest.isEmpty {
        let piece = [UInt8](rest.prefix(Int.random(in: 1...700, using: &random)))
        rest = rest.dropFirst(piece.count)
        clock = clock.advanced(by: .microseconds(50))
        try session.receive(piece.span.bytes, at: clock)
        while session.nextOutput({ _ in }) {}
        delegate.writeSome()
      }
    } catch {
      while session.nextOutput({ _ in }) {}
    }
    session.abandon()
    #expect(session.streamCount == 0)
    #expect(delegate.open == 0, "every stream that was announced is told its end")
  }
}

/// Does something else with each event.
private final class Whims: HTTP2SessionDelegate, HTTP2StreamDelegate {
  private unowned let session: HTTP2Session
  private var random: SeededGenerator
  private var streams: [HTTP2Stream] = []
  private(set) var open = 0

  init(session: HTTP2Session, random: SeededGenerator) {
    self.session = session
    self.random = random
  }

  func request(_ stream: HTTP2Stream, fields: borrowing HeaderFields, endsStream: Bool) {
    stream.delegate = self
    open += 1
    streams.append(stream)
    act(stream)
  }

  func received(_ bytes: RawSpan, endsStream: Bool, on stream: HTTP2Stream) {
    if Bool.random(using: &random) { stream.consume(bytes.byteCount) }
    act(stream)
  }

  func ended(_ stream: HTTP2Stream) { act(stream) }
  func writable(_ stream: HTTP2Stream) { act(stream) }
  func outputReady() {}

  func closed(_ stream: HTTP2Stream, code: HTTP2ErrorCode) {
    open -= 1
    act(stream)
  }

  /// Streams that are over are kept and spoken to all the same.
  func writeSome() {
    for stream in streams.suffix(5) { act(stream) }
  }

  private func act(_ stream: HTTP2Stream) {
    switch Int.random(in: 0...60, using: &random) {
    case 0...8: stream.sendHeaders(nil, HeaderFields([":status": "200"]), endsStream: Bool.random(using: &random))
    case 9...14: stream.write([UInt8](repeating: 1, count: Int.random(in: 0...40_000, using: &random)))
    case 15...18: stream.finish(trailers: Bool.random(using: &random) ? HeaderFields(["x-end": "1"]) : nil)
    case 19...20: stream.reset(.cancel)
    case 21: stream.resetAfterOutput()
    case 22: stream.sendInformational(HeaderFields([":status": "103"]))
    case 23: session.ping()
    case 24: if Int.random(in: 0...20, using: &random) == 0 { session.abandon() }
    case 25: if Int.random(in: 0...20, using: &random) == 0 { session.terminate(.internalError) }
    case 26: if Int.random(in: 0...20, using: &random) == 0 { session.beginDraining() }
    default: break
    }
  }
}

/// SplitMix64: the same numbers for the same seed, everywhere.
private struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }
}

import Protobuf
import Testing

@Suite("Round trips, judged by Google's implementation")
struct RoundTripTests {
  static let encoding = JSONEncodingOptions(typeRegistry: { $0 == Leaf.schema.name ? Leaf.schema : nil })

  static let decoding = {
    var options = JSONDecodingOptions()
    options.typeRegistry = { $0 == Leaf.schema.name ? Leaf.schema : nil }
    return options
  }()

  @Test("400 random messages mean the same on the wire and in JSON, both ways")
  func messages() throws {
    var originals: [Everything] = []
    var records: [[UInt8]] = []
    for seed in 0..<400 as Range<UInt64> {
      var random = RandomMessages(seed: seed)
      let message = random.everything()
      originals.append(message)
      records.append(try message.serialized())
      records.append(try message.json(options: Self.encoding))
    }
    let answers = try Judge.ask(.messages, records)
    try #require(answers.count == originals.count * 3)
    for (seed, original) in originals.enumerated() {
      let fromWire = try Everything(serialized: answers[seed * 3])
      #expect(fromWire == original, "wire, seed \(seed)")
      let fromJSON = try Everything(json: answers[seed * 3 + 1], options: Self.decoding)
      #expect(fromJSON == original, "their JSON, seed \(seed)")
      let own = try Everything(json: records[seed * 2 + 1], options: Self.decoding)
      #expect(own == original, "our own JSON, seed \(seed)")
      let verdict = String(decoding: answers[seed * 3 + 2], as: UTF8.self)
      #expect(verdict == "1", "our JSON read by them, seed \(seed)")
    }
  }

  @Test("what we accept of damaged bytes, they accept too, with the same meaning")
  func damagedBytes() throws {
    var damage = SeededGenerator(seed: 99)
    var accepted: [(message: Everything, bytes: [UInt8])] = []
    var refused = 0
    for seed in 0..<1500 as Range<UInt64> {
      var random = RandomMessages(seed: seed)
      var bytes = try random.everything().serialized()
      guard !bytes.isEmpty else { continue }
      for _ in 0..<Int.random(in: 1...4, using: &damage) {
        let place = Int.random(in: 0..<bytes.count, using: &damage)
        switch Int.random(in: 0...3, using: &damage) {
        case 0: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &damage)
        case 1: bytes[place] = UInt8.random(in: 0...255, using: &damage)
        case 2: bytes.removeSubrange(place...)
        default: bytes.insert(UInt8.random(in: 0...255, using: &damage), at: place)
        }
        if bytes.isEmpty { break }
      }
      do {
        accepted.append((try Everything(serialized: bytes), bytes))
      } catch {
        refused += 1
      }
    }
    #expect(refused > 100)
    #expect(accepted.count > 100)
    let answers = try Judge.ask(.bytes, accepted.map(\.bytes))
    for (answer, ours) in zip(answers, accepted) {
      guard answer.first == UInt8(ascii: "1") else {
        Issue.record("we accept what they refuse: \(ours.bytes)")
        continue
      }
      let theirs = try Everything(serialized: Array(answer.dropFirst()))
      // NaN is not equal to itself; the bytes tell.
      let (left, right) = (try theirs.serialized(), try ours.message.serialized())
      #expect(theirs == ours.message || left.count == right.count, "\(ours.bytes)")
    }
  }
}

import Protobuf
import Testing

/// `timestamp.proto`, `duration.proto` and `struct.proto` bound their values; the wire format does not.
@Suite("Well-known types beyond their bounds are refused")
struct WellKnownBoundsTests {
  private static let times: [(Timestamp, Bool)] = [
    (Timestamp(seconds: 0, nanos: 999_999_999), true), (Timestamp(seconds: 0, nanos: 1_000_000_000), false),
    (Timestamp(seconds: 0, nanos: 2_000_000_000), false), (Timestamp(seconds: 0, nanos: -1), false),
    (Timestamp(seconds: -62_135_596_800), true), (Timestamp(seconds: -62_135_596_801), false),
    (Timestamp(seconds: 253_402_300_799, nanos: 999_999_999), true), (Timestamp(seconds: 253_402_300_800), false),
    (Timestamp(seconds: .max), false), (Timestamp(seconds: .min), false),
  ]

  private static let durations: [(ProtoDuration, Bool)] = [
    (ProtoDuration(seconds: 315_576_000_000, nanos: 999_999_999), true),
    (ProtoDuration(seconds: 315_576_000_001), false),
    (ProtoDuration(seconds: -315_576_000_000), true), (ProtoDuration(seconds: -315_576_000_001), false),
    (ProtoDuration(seconds: 1, nanos: -1), false), (ProtoDuration(seconds: -1, nanos: 1), false),
    (ProtoDuration(seconds: 0, nanos: -1), true), (ProtoDuration(seconds: -1, nanos: -1), true),
    (ProtoDuration(seconds: 0, nanos: 1_000_000_000), false), (ProtoDuration(seconds: 0, nanos: .min), false),
    (ProtoDuration(seconds: .min), false),
  ]

  private static let values: [(Value, Bool)] = [
    (.unset, false), (.null, true), (.number(.nan), false), (.number(.infinity), false), (.number(-.infinity), false),
    (.number(.greatestFiniteMagnitude), true), (.string(""), true), (.bool(false), true),
    (.list(ListValue(values: [.unset])), false), (.list(ListValue()), true),
    (.object(["a": .list(ListValue(values: [.number(.nan)]))]), false),
  ]

  private func isAccepted<M: Message>(_ message: M) throws -> Bool {
    let bytes = try message.serialized()
    do throws(ProtobufError) {
      _ = try M(serialized: bytes)
      return true
    } catch {
      guard case .invalidValue = error else {
        Issue.record("\(error)")
        return false
      }
      return false
    }
  }

  @Test("times, alone, in a field, in a list", arguments: times)
  func timestamps(_ time: Timestamp, _ isLawful: Bool) throws {
    #expect(try isAccepted(time) == isLawful)
    #expect(try isAccepted(Everything(time: time)) == isLawful)
    #expect(try isAccepted(Everything(times: [Timestamp(), time])) == isLawful)
  }

  @Test("durations", arguments: durations)
  func boundedDurations(_ duration: ProtoDuration, _ isLawful: Bool) throws {
    #expect(try isAccepted(duration) == isLawful)
    #expect(try isAccepted(Everything(duration: duration)) == isLawful)
  }

  @Test("values of an object", arguments: values)
  func boundedValues(_ value: Value, _ isLawful: Bool) throws {
    #expect(try isAccepted(Everything(value: value)) == isLawful)
    #expect(try isAccepted(Everything(structure: ["a": .null, "b": value])) == isLawful)
  }

  @Test("the error names the field")
  func path() {
    #expect(
      throws: ProtobufError.invalidValue(
        path: "time", expected: "a time in the years 1 to 9999 with 0 to 999,999,999 nanoseconds")
    ) { try Everything(serialized: Everything(time: Timestamp(seconds: 0, nanos: 2_000_000_000)).serialized()) }
  }

  @Test("the last value of a field counts, as for any reader of the wire format")
  func repeatedFields() throws {
    // seconds: 1, seconds: -1, nanos: 1: the sign of the last seconds.
    let mixed: [UInt8] = [0x08, 0x01, 0x08] + [UInt8](repeating: 0xff, count: 9) + [0x01, 0x10, 0x01]
    #expect(throws: ProtobufError.self) { try ProtoDuration(serialized: mixed) }
    #expect(try ProtoDuration(serialized: [0x10, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x10, 0x01]).nanos == 1)
  }
}

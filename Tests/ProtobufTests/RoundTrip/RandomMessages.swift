import Protobuf

typealias Everything = TestingV1.Everything
typealias Leaf = TestingV1.Leaf

/// Makes messages that use every kind of field, edge values preferred.
struct RandomMessages {
  private var random: SeededGenerator

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
  }

  mutating func everything() -> Everything {
    var message = Everything()
    if maybe { message.doubleField = double }
    if maybe { message.floatField = float }
    if maybe { message.int32Field = integer() }
    if maybe { message.int64Field = integer() }
    if maybe { message.uint32Field = integer() }
    if maybe { message.uint64Field = integer() }
    if maybe { message.sint32Field = integer() }
    if maybe { message.sint64Field = integer() }
    if maybe { message.fixed32Field = integer() }
    if maybe { message.fixed64Field = integer() }
    if maybe { message.sfixed32Field = integer() }
    if maybe { message.sfixed64Field = integer() }
    message.boolField = maybe
    if maybe { message.stringField = text }
    if maybe { message.bytesField = bytes }
    message.colour = colour
    if maybe { message.leaf = leaf(depth: 3) }
    message.doubles = several { $0.double }
    message.floats = several { $0.float }
    message.int32s = several { $0.integer() }
    message.int64s = several { $0.integer() }
    message.uint64s = several { $0.integer() }
    message.sint32s = several { $0.integer() }
    message.fixed32s = several { $0.integer() }
    message.flags = several { $0.maybe }
    message.texts = several { $0.text }
    message.blobs = several { $0.bytes }
    message.colours = several { $0.colour }
    message.leaves = several { $0.leaf(depth: 2) }
    message.choice = choice
    for _ in 0..<count { message.words[text] = text }
    for _ in 0..<count { message.leavesByNumber[integer()] = leaf(depth: 1) }
    for _ in 0..<count { message.numbersByFlag[maybe] = integer() }
    for _ in 0..<count { message.coloursByNumber[integer()] = colour }
    for _ in 0..<count { message.blobsByName[text] = bytes }
    fillWellKnown(&message)
    return message
  }

  private mutating func fillWellKnown(_ message: inout Everything) {
    if maybe { message.time = time }
    if maybe { message.duration = duration }
    if maybe { message.mask = FieldMask(paths: several { $0.maybe ? "colour" : "leaf.some_name2" }) }
    if maybe { message.structure = structure(depth: 2) }
    if maybe { message.value = value(depth: 2) }
    if maybe { message.list = ListValue(values: several { $0.value(depth: 1) }) }
    if maybe { message.any = any }
    if maybe { message.empty = Empty() }
    message.times = several { $0.time }
    if maybe { message.doubleValue = DoubleValue(double) }
    if maybe { message.floatValue = FloatValue(float) }
    if maybe { message.int64Value = Int64Value(integer()) }
    if maybe { message.uint64Value = UInt64Value(integer()) }
    if maybe { message.int32Value = Int32Value(integer()) }
    if maybe { message.uint32Value = UInt32Value(integer()) }
    if maybe { message.boolValue = BoolValue(maybe) }
    if maybe { message.stringValue = StringValue(text) }
    if maybe { message.bytesValue = BytesValue(bytes) }
  }

  var maybe: Bool { mutating get { Bool.random(using: &random) } }

  var count: Int { mutating get { Int.random(in: 0...3, using: &random) } }

  mutating func several<T>(_ make: (inout RandomMessages) -> T) -> [T] {
    (0..<count).map { _ in make(&self) }
  }

  mutating func integer<T: FixedWidthInteger>() -> T {
    switch Int.random(in: 0...5, using: &random) {
    case 0: .min
    case 1: .max
    case 2: 0
    case 3: T(truncatingIfNeeded: Int.random(in: -200...200, using: &random))
    default: T.random(in: .min ... .max, using: &random)
    }
  }

  /// Without -0.0, which protobuf-c takes for the default and leaves out.
  var double: Double {
    mutating get {
      switch Int.random(in: 0...7, using: &random) {
      case 0: .infinity
      case 1: -.infinity
      case 2: .leastNonzeroMagnitude
      case 3: -.greatestFiniteMagnitude
      case 4: 0.1
      default: finite
      }
    }
  }

  var finite: Double {
    mutating get {
      let bits = Double(bitPattern: random.next())
      return bits.isFinite ? bits : 0.1
    }
  }

  var float: Float {
    mutating get {
      let bits = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
      return bits.isNaN ? 1.5 : bits
    }
  }

  var text: String {
    mutating get {
      let alphabet: [Character] = [
        "a", "Z", "0", "\"", "\\", "/", "\u{1}", "\n", "\t", "\u{7f}", "é", "ß", "€", "\u{2028}", "\u{feff}", "漢", "😀",
        "\u{10ffff}",
      ]
      return String((0..<count * 3).map { _ in alphabet.randomElement(using: &random) ?? "a" })
    }
  }

  var bytes: [UInt8] {
    mutating get { (0..<count * 2).map { _ in UInt8.random(in: 0...255, using: &random) } }
  }

  var colour: TestingV1.Colour {
    mutating get { [.unspecified, .red, .green, .negative, .unrecognized(77)].randomElement(using: &random) ?? .red }
  }

  mutating func leaf(depth: Int) -> Leaf {
    var leaf = Leaf()
    if maybe { leaf.name = text }
    if maybe { leaf.number = integer() }
    if depth > 0 { leaf.children = several { $0.leaf(depth: depth - 1) } }
    return leaf
  }

  var choice: Everything.Choice? {
    mutating get {
      switch Int.random(in: 0...6, using: &random) {
      case 0: .choiceNumber(integer())
      case 1: .choiceText(text)
      case 2: .choiceLeaf(leaf(depth: 1))
      case 3: .choiceFlag(maybe)
      case 4: .choiceColour(colour)
      case 5: .choiceBytes(bytes)
      default: nil
      }
    }
  }

  var time: Timestamp {
    mutating get {
      let nanos: Int32 = [0, 1, 1000, 120_000_000, 999_999_999].randomElement(using: &random) ?? 0
      return Timestamp(seconds: Int64.random(in: -62_135_596_800...253_402_300_799, using: &random), nanos: nanos)
    }
  }

  var duration: ProtoDuration {
    mutating get {
      let seconds = Int64.random(in: -315_576_000_000...315_576_000_000, using: &random)
      let nanos: Int32 = [0, 1, 500_000_000, 999_999_999].randomElement(using: &random) ?? 0
      return maybe
        ? ProtoDuration(seconds: seconds, nanos: seconds < 0 ? -nanos : nanos)
        : ProtoDuration(seconds: 0, nanos: maybe ? -nanos : nanos)
    }
  }

  mutating func structure(depth: Int) -> Struct {
    var structure = Struct()
    for _ in 0..<count { structure.fields[text] = value(depth: depth) }
    return structure
  }

  mutating func value(depth: Int) -> Value {
    switch Int.random(in: 0...(depth > 0 ? 5 : 3), using: &random) {
    case 0: .null
    case 1: .number(finite)
    case 2: .string(text)
    case 3: .bool(maybe)
    case 4: .object(structure(depth: depth - 1))
    default: .list(ListValue(values: several { $0.value(depth: depth - 1) }))
    }
  }

  var any: AnyMessage {
    mutating get {
      if maybe {
        let content = (try? leaf(depth: 1).serialized()) ?? []
        return AnyMessage(typeURL: "type.googleapis.com/testing.v1.Leaf", value: content)
      }
      return AnyMessage(
        typeURL: "type.googleapis.com/google.protobuf.Duration", value: (try? duration.serialized()) ?? [])
    }
  }
}

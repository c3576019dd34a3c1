import Protobuf

typealias Ruled = TestingV1.Ruled
typealias Part = TestingV1.Part

/// Makes messages whose fields keep their rules as often as they break them.
struct RandomRuled {
  private var random: SeededGenerator

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
  }

  private static let texts = [
    "", "a", "b", "ab", "abc", "a-b", "a--b", "-a", "aXc", "a\nc", "a😀c", "é", "e\u{301}", "éx", "éa", "xéw", "K",
    "\u{212a}", "aéb", "abcdef",
    "äöüäö", "äöüäöü", "漢字", "😀😀", "123e4567-e89b-12d3-a456-426614174000", "123E4567-E89B-12D3-A456-42661417400",
    "ada@example.com", "ada@", "a@b", "a@-b", "a b@c", "é@example.com", "ada@example.com\n", "Z9", "a-b-c9",
  ]

  private var maybe: Bool { mutating get { Bool.random(using: &random) } }
  private var text: String { mutating get { Self.texts.randomElement(using: &random) ?? "" } }
  private var count: Int { mutating get { Int.random(in: 0...3, using: &random) } }
  private var size: TestingV1.Size {
    mutating get { [.unspecified, .small, .large, .unrecognized(9)].randomElement(using: &random) ?? .small }
  }

  private mutating func number<T: FixedWidthInteger>() -> T {
    [0, 1, 2, 3, 4, 5, 6, 7, 9, 100, 101, T.max, T.min, T.max - 1, 0 &- 1, 0 &- 2, 0 &- 3, 0 &- 5, 0 &- 6]
      .randomElement(using: &random) ?? 0
  }

  private var double: Double {
    mutating get {
      [0, 0.5, 0.999, 1, -0.5, -1.5, 2.5, 2.6, .nan, .infinity, -.infinity].randomElement(using: &random) ?? 0
    }
  }

  private var bytes: [UInt8] {
    mutating get { [[], [1], [2], [1, 2], [1, 2, 3], [1, 2, 3, 4]].randomElement(using: &random) ?? [] }
  }

  private mutating func several<T>(_ make: (inout RandomRuled) -> T) -> [T] { (0..<count).map { _ in make(&self) } }

  private mutating func part(depth: Int) -> Part {
    Part(
      name: text, inner: depth > 0 && maybe ? part(depth: depth - 1) : nil,
      tags: several { $0.maybe ? "x" : $0.text })
  }

  mutating func ruled() -> Ruled {
    var message = Ruled()
    texts(&message)
    numbers(&message)
    others(&message)
    lists(&message)
    return message
  }

  private mutating func texts(_ message: inout Ruled) {
    message.requiredText = text
    message.boundedText = text
    message.exactText = text
    message.byteText = text
    message.patternText = text
    message.searchText = text
    message.uuidText = text
    message.emailText = text
    message.chosenText = text
    message.otherText = text
    message.constantText = text
    message.framedText = text
    if maybe { message.optionalText = text }
    if maybe { message.neededText = text }
    if maybe { message.zeroText = text }
    message.unaskedText = text
  }

  private mutating func numbers(_ message: inout Ruled) {
    message.small = number()
    message.positive = number()
    message.few = number()
    message.many = number()
    message.around = number()
    message.lowest = number()
    message.fixed = number()
    message.longFixed = number()
    message.signedFixed = number()
    message.longSigned = number()
    message.single = Float(double)
    message.ratio = double
    message.real = double
    message.requiredNumber = number()
    if maybe { message.optionalNumber = number() }
    message.agreed = maybe
  }

  private mutating func others(_ message: inout Ruled) {
    message.blob = bytes
    message.key = bytes
    message.sort = bytes
    message.size = size
    message.requiredSize = size
    message.chosenSize = size
    message.otherSize = size
    if maybe { message.at = Timestamp(seconds: 1) }
    if maybe { message.part = part(depth: 2) }
    if maybe { message.requiredPart = part(depth: 1) }
    if maybe { message.unaskedPart = part(depth: 1) }
    if maybe { message.page = Int32Value(number()) }
    if maybe { message.label = StringValue(text) }
    if maybe { message.consent = BoolValue(maybe) }
    if maybe { message.notes = [:] }
  }

  private mutating func lists(_ message: inout Ruled) {
    message.tags = several { $0.text }
    message.parts = several { $0.part(depth: 1) }
    message.requiredParts = several { $0.part(depth: 0) }
    message.sizes = several { $0.size }
    message.counts = several { $0.number() }
    message.unaskedParts = several { $0.part(depth: 0) }
    for _ in 0..<count { message.labels[text] = text }
    for _ in 0..<count { message.partsByNumber[number()] = part(depth: 0) }
    for _ in 0..<count { message.requiredMap[maybe] = number() }
    for _ in 0..<count { message.partsByName[text] = part(depth: 0) }
    message.spareTags = several { $0.text }
    switch Int.random(in: 0...3, using: &random) {
    case 0: message.choice = .choiceText(text)
    case 1: message.choice = .choiceNumber(number())
    case 2: message.choice = .choicePart(part(depth: 1))
    default: message.choice = nil
    }
    switch Int.random(in: 0...2, using: &random) {
    case 0: message.freeChoice = .freeText(text)
    case 1: message.freeChoice = .freeSize(size)
    default: message.freeChoice = nil
    }
  }
}

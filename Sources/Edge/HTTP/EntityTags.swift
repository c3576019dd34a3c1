/// The value of `If-Match` or `If-None-Match`: a list of entity tags, or any (RFC 9110 section 13.1).
enum EntityTags: Sendable, Hashable {
  struct Tag: Sendable, Hashable {
    let isWeak: Bool
    /// With its quotes.
    let opaque: [UInt8]
  }

  case any
  case tags([Tag])

  /// Nil when the text is no such list.
  init?(_ text: some Collection<UInt8>) {
    if text.elementsEqual("*".utf8) {
      self = .any
      return
    }
    var tags: [Tag] = []
    var rest = Array(text)[...]
    func skipBlanks() { rest = rest.drop { $0 == ASCII.space || $0 == ASCII.tab } }
    while true {
      skipBlanks()
      guard let first = rest.first else { break }
      if first == ASCII.comma {
        rest.removeFirst()
        continue
      }
      let isWeak = rest.starts(with: "W/".utf8)
      if isWeak { rest.removeFirst(2) }
      guard rest.first == ASCII.quote, let end = rest.dropFirst().firstIndex(of: ASCII.quote) else { return nil }
      let opaque = rest[...end]
      guard opaque.dropFirst().dropLast().allSatisfy({ $0 >= 0x21 && $0 != ASCII.delete }) else { return nil }
      tags.append(Tag(isWeak: isWeak, opaque: Array(opaque)))
      rest = rest[(end + 1)...]
      skipBlanks()
      guard rest.isEmpty || rest.first == ASCII.comma else { return nil }
    }
    guard !tags.isEmpty else { return nil }
    self = .tags(tags)
  }

  /// The tag by which the list names `tag`, by the comparison that `If-None-Match` asks for (RFC 9110 section 8.8.3.2). It may be the one
  /// of the compressed form.
  func naming(_ tag: Tag) -> Tag? {
    switch self {
    case .any: tag
    case .tags(let tags): tags.first { $0.uncoded.opaque == tag.opaque }
    }
  }

  /// Whether the list names the tag, by the comparison that `If-Match` asks for.
  func matchesStrongly(_ tag: Tag) -> Bool {
    switch self {
    case .any: true
    case .tags(let tags): !tag.isWeak && tags.contains { !$0.isWeak && $0.opaque == tag.opaque }
    }
  }

  /// As the header is written.
  var text: [UInt8] {
    switch self {
    case .any: return [ASCII.asterisk]
    case .tags(let tags):
      var text: [UInt8] = []
      for tag in tags {
        if !text.isEmpty { text.append(", ") }
        if tag.isWeak { text.append("W/") }
        text.append(contentsOf: tag.opaque)
      }
      return text
    }
  }
}

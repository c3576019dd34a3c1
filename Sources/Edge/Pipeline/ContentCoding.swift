internal import Compression
internal import Reactor

/// Which coding an answer leaves in (RFC 9110 sections 8.4 and 12.5.3), and the coding itself. One a loop.
///
/// Only answers to GET and HEAD are compressed. They hold no secret: tokens, client secrets and signing secrets are answers to POST alone,
/// and who may be made to ask by a foreign page has no token, because a bearer token is sent by no browser on its own. That leaves the
/// length of a compressed answer without anything to tell (BREACH, CVE-2013-3587).
final class ContentCoding {
  private let limits: EdgeLimits
  private let pool: BlockingPool
  private let encoder: GzipEncoder?

  /// - Parameter pool: where what takes long is compressed.
  init(limits: EdgeLimits, pool: BlockingPool) {
    self.limits = limits
    self.pool = pool
    encoder = GzipEncoder(level: Self.level)
  }

  /// The fastest: a JSON text becomes a tenth by it, and little less by the slowest.
  private static let level = 1
  /// What takes less than a millisecond is compressed on the loop.
  private static let quickBytes = 64 * 1024

  /// Compresses the answer when the client takes that and it is worth it.
  func apply(to response: inout HTTPResponse, for head: HTTPRequestHead, _ fields: RequestFields) async {
    guard response.status == 200 || response.status == 304 else { return }
    response.varies = true
    guard fields.acceptEncoding != nil, Self.acceptsGzip(head.list("accept-encoding")) else { return }
    guard response.body.count >= limits.compressedFromBytes, let compressed = await compress(response.body) else {
      return
    }
    response.body = compressed
    response.fields.append(.init(name: "content-encoding", value: "gzip"))
    response.entityTag = response.entityTag.map(EntityTags.codedTag)
  }

  private func compress(_ bytes: [UInt8]) async -> [UInt8]? {
    guard bytes.count > Self.quickBytes else { return encoder?.compress(bytes) }
    // A full pool has better things to do.
    return try? await pool.run { GzipEncoder(level: Self.level)?.compress(bytes) }
  }

  /// Whether the list takes gzip at least as gladly as the bytes as they are.
  static func acceptsGzip(_ list: [UInt8]) -> Bool {
    var gzip: Int?
    var any: Int?
    var identity: Int?
    for part in list.split(separator: ASCII.comma) {
      let parameters = part.split(separator: ASCII.semicolon, omittingEmptySubsequences: false).map(MediaType.trimmed)
      let name = parameters[0].map(ASCII.lowercased)
      guard let weight = parameters.count > 1 ? weight(parameters[1]) : 1000 else { continue }
      if name.elementsEqual("gzip".utf8) || name.elementsEqual("x-gzip".utf8) { gzip = weight }
      if name.elementsEqual("*".utf8) { any = weight }
      if name.elementsEqual("identity".utf8) { identity = weight }
    }
    guard let wanted = gzip ?? any, wanted > 0 else { return false }
    return wanted >= identity ?? 0
  }

  /// Thousandths of `q=0.5`; nil for what is no weight (RFC 9110 section 12.4.2).
  private static func weight(_ parameter: ArraySlice<UInt8>) -> Int? {
    let bytes = parameter.map(ASCII.lowercased)
    guard bytes.count >= 3, bytes.count <= 7, bytes.starts(with: "q=".utf8), bytes[2] == 0x30 || bytes[2] == 0x31 else {
      return nil
    }
    var weight = Int(bytes[2] - 0x30) * 1000
    guard bytes.count > 3 else { return weight }
    guard bytes[3] == ASCII.dot else { return nil }
    var place = 100
    for digit in bytes[4...] {
      guard digit &- 0x30 < 10 else { return nil }
      weight += Int(digit - 0x30) * place
      place /= 10
    }
    return weight <= 1000 ? weight : nil
  }
}

extension EntityTags {
  fileprivate static let codedEnd = "-gzip\""

  /// The tag of the compressed form of what `tag` stands for: it has other bytes, so it has another strong tag (RFC 9110 section 8.8.3.3).
  static func codedTag(_ tag: String) -> String {
    tag.hasSuffix("\"") ? tag.dropLast() + codedEnd : tag
  }

  /// The same list with the tags of what was compressed, whatever form the client saw it in.
  var uncoded: EntityTags {
    switch self {
    case .any: .any
    case .tags(let tags): .tags(tags.map(\.uncoded))
    }
  }
}

extension EntityTags.Tag {
  /// The tag of the same before it was compressed.
  var uncoded: EntityTags.Tag {
    let end = Array(EntityTags.codedEnd.utf8)
    guard opaque.count > end.count, opaque.suffix(end.count).elementsEqual(end) else { return self }
    return EntityTags.Tag(isWeak: isWeak, opaque: opaque.dropLast(end.count) + [ASCII.quote])
  }
}

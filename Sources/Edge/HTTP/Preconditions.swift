/// What a request makes its success depend on (RFC 9110 section 13): `If-Match` and `If-None-Match`.
///
/// Of a request that only reads, the edge judges them when it knows the tag of what was read. Of one that changes something the service
/// judges `If-Match`, in the transaction of the change.
struct Preconditions: Sendable {
  private(set) var ifMatch: EntityTags?
  private(set) var ifNoneMatch: EntityTags?

  /// Bytes of the longest list of tags: it travels to the service beside the claims.
  private static let longestList = 1024

  static let failed = ErrorAnswer(
    412, "VERSION_MISMATCH", "It has been changed meanwhile: read it again", field: "If-Match")

  /// - Throws: 400 for what is no list of entity tags, and for `If-None-Match` on a change, which no service of ours could judge.
  init(_ head: HTTPRequestHead, _ fields: RequestFields) throws(ErrorAnswer) {
    if fields.ifMatch != nil { ifMatch = try Self.tags("if-match", "If-Match", head).uncoded }
    if fields.ifNoneMatch != nil {
      ifNoneMatch = try Self.tags("if-none-match", "If-None-Match", head)
      guard head.method.isSafe else {
        throw .validation("If-None-Match can be asked of GET and HEAD only", field: "If-None-Match")
      }
    }
  }

  private static func tags(
    _ name: StaticString, _ spelling: String, _ head: HTTPRequestHead
  ) throws(ErrorAnswer) -> EntityTags {
    let text = head.list(name)
    guard text.count <= longestList, let tags = EntityTags(text) else {
      throw .validation("\(spelling) must be entity tags such as \"1\"", field: spelling)
    }
    return tags
  }

  /// Turns a successful answer to GET or HEAD into 304 when the caller has seen it already.
  /// - Throws: 412 when the caller asked for another version.
  func apply(to response: inout HTTPResponse) throws(ErrorAnswer) {
    guard response.status == 200 else { return }
    let tag = response.entityTag.flatMap { EntityTags($0.utf8) }
    guard case .tags(let tags)? = tag, let own = tags.first else {
      // There is a representation, if without a tag.
      if ifNoneMatch == .any { response.becomeNotModified(nil) }
      return
    }
    if let ifMatch, !ifMatch.matchesStrongly(own) { throw Self.failed }
    if let seen = ifNoneMatch?.naming(own) { response.becomeNotModified(seen) }
  }
}

extension HTTPResponse {
  /// The fields that a cache needs stay, and the tag is the one it has (RFC 9110 section 15.4.5).
  fileprivate mutating func becomeNotModified(_ seen: EntityTags.Tag?) {
    status = 304
    body = []
    if let seen { entityTag = String(decoding: seen.opaque, as: UTF8.self) }
  }
}

public import Protobuf
public import RPC

/// The version of a row as HTTP's entity tag (RFC 9110, 8.8.3): told with the row, and asked back by who changes only what it has seen.
public enum EntityTag {
  /// Metadata of the reply.
  static let key: MetadataKey = "etag"
  /// Metadata of the request.
  static let conditionKey: MetadataKey = "if-match"

  /// 412: it was changed since it was read.
  public static let mismatch = ServiceError(
    .failedPrecondition, "VERSION_MISMATCH", "It has been changed meanwhile: read it again", field: "If-Match")

  static func text(_ version: Int64) -> String { "\"\(version)\"" }

  /// The versions that a change is meant for.
  public struct Condition: Sendable, Hashable {
    /// Nil for any version.
    private let tags: [String]?

    /// Whatever the version is: for who names none.
    public static let none = Condition(tags: nil)

    private init(tags: [String]?) { self.tags = tags }

    /// - Parameter text: the value of `If-Match` (RFC 9110, 13.1.1).
    /// - Throws: 400 for what is no list of tags.
    public init(ifMatch text: String?) throws(ServiceError) {
      guard let text, text != "*" else {
        self = .none
        return
      }
      let tags = text.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimming(" \t") }
      for tag in tags {
        // A weak tag is never the same by the strong comparison that a change asks for.
        let strong = tag.hasPrefix("W/") ? tag.dropFirst(2) : tag
        guard strong.utf8.count >= 2, strong.hasPrefix("\""), strong.hasSuffix("\""),
          !strong.dropFirst().dropLast().contains("\"")
        else { throw .validation("If-Match: expected an entity tag such as \"1\"", field: "If-Match") }
      }
      self.tags = tags.map(String.init)
    }

    /// - Throws: 412 when the change is meant for other versions.
    public func check(_ version: Int64) throws(ServiceError) {
      guard let tags, !tags.contains(EntityTag.text(version)) else { return }
      throw EntityTag.mismatch
    }
  }
}

extension ServerCall {
  /// The versions that the caller's change is meant for.
  public var condition: EntityTag.Condition {
    get throws(ServiceError) { try EntityTag.Condition(ifMatch: metadata[EntityTag.conditionKey]) }
  }

  /// Tells the version of the row in the reply.
  public func tell(version: Int64) {
    responseMetadata.append(EntityTag.text(version), for: EntityTag.key)
  }

  /// Tells what there is to tell beside the reply of a change: the version, and whether the reply was given before.
  public func tell<Response: Message>(_ outcome: Outcome<Response>) -> Response {
    if let version = outcome.version { tell(version: version) }
    if outcome.isReplay { responseMetadata.append("true", for: OncePerKey.replayedKey) }
    return outcome.response
  }
}

extension Substring {
  fileprivate func trimming(_ characters: String) -> Substring {
    var rest = drop { characters.contains($0) }
    while let last = rest.last, characters.contains(last) { rest.removeLast() }
    return rest
  }
}

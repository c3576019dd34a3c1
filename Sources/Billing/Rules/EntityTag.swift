internal import RPC
internal import ServiceKit

/// The version of a row as HTTP's entity tag: told with the row, and asked back by who changes only what it has seen (`contract.md`
/// hole 29).
enum EntityTag {
  /// Metadata of the reply.
  static let key: MetadataKey = "etag"
  /// Metadata of the request.
  static let condition: MetadataKey = "if-match"

  static let mismatch = ServiceError(
    .failedPrecondition, "VERSION_MISMATCH", "It has been changed meanwhile: read it again", field: "If-Match")

  static func tell(_ version: Int64, _ call: ServerCall) {
    call.responseMetadata.append("\"\(version)\"", for: key)
  }

  /// - Throws: 412 when the caller names versions and not this one, 400 for what is no list of tags.
  static func check(_ version: Int64, _ call: ServerCall) throws(ServiceError) {
    guard let text = call.metadata[condition], text != "*" else { return }
    let tags = text.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimming(" \t") }
    for tag in tags {
      // A weak tag is never the same by the strong comparison that a change asks for.
      let strong = tag.hasPrefix("W/") ? tag.dropFirst(2) : tag
      guard strong.utf8.count >= 2, strong.hasPrefix("\""), strong.hasSuffix("\""),
        !strong.dropFirst().dropLast().contains("\"")
      else { throw .validation("If-Match: expected an entity tag such as \"1\"", field: "If-Match") }
    }
    guard tags.contains("\"\(version)\"") else { throw mismatch }
  }
}

extension Substring {
  fileprivate func trimming(_ characters: String) -> Substring {
    var rest = drop { characters.contains($0) }
    while let last = rest.last, characters.contains(last) { rest.removeLast() }
    return rest
  }
}

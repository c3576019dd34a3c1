public import RPC

/// What has ended or changed about sessions. A service says so in the metadata of the reply to whoever changed it, so that the edge,
/// which remembers how sessions stand, asks again before it answers.
public enum SessionChange: Sendable, Hashable {
  /// One session has ended: signed out, revoked, or its refresh token was used twice.
  case session(String)
  /// Something about a user: the password, the role, a suspension. It is about all of its sessions.
  case user(String)
  /// Something about a tenant, such as a suspension. It is about the sessions of all of its users.
  case tenant(String)

  /// Metadata of a reply, or trailers of a failed call, with a list of changes.
  public static let key: MetadataKey = "cloudbill-session-changes"

  /// The list as metadata: `session=…,user=…`.
  public static func text(_ changes: [SessionChange]) -> String {
    changes.map { change in
      switch change {
      case .session(let id): "session=\(id)"
      case .user(let id): "user=\(id)"
      case .tenant(let id): "tenant=\(id)"
      }
    }.joined(separator: ",")
  }

  /// The changes that metadata tells of. What is no change we know is left out.
  public static func read(_ metadata: Metadata) -> [SessionChange] {
    guard let text = metadata[key] else { return [] }
    return text.split(separator: ",").compactMap { part in
      let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
      guard pair.count == 2 else { return nil }
      switch pair[0] {
      case "session": return .session(pair[1])
      case "user": return .user(pair[1])
      case "tenant": return .tenant(pair[1])
      default: return nil
      }
    }
  }
}

extension ServerCall {
  /// Tells whoever called what has changed about sessions.
  public func tell(_ changes: [SessionChange]) {
    guard !changes.isEmpty else { return }
    responseMetadata.append(SessionChange.text(changes), for: SessionChange.key)
  }
}

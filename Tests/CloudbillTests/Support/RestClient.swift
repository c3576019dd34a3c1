import Foundation
import TestSupport

/// What the edge answered.
struct RestReply {
  let status: Int
  /// By lower-case name.
  let headers: [String: String]
  let text: String

  /// The body; null when there is none or it is not JSON.
  var json: JSON { (try? JSON(text)) ?? .null }
  var data: JSON { json["data"] }
  var error: JSON { json["error"] }
}

/// A REST caller: curl, so that the judge is not ours.
struct RestClient {
  let url: String
  var token: String?
  var tenant: String?

  static let acme = "00000000-0000-0000-0000-000000000001"
  static let globex = "00000000-0000-0000-0000-000000000002"
  static let password = "Demo-Passw0rd"

  /// Somebody who has not signed in.
  static func stranger() throws -> RestClient { RestClient(url: try RunningMesh.shared.get().url) }

  /// A demo user, signed in anew.
  static func signedIn(_ email: String = "admin@acme.test", on mesh: RunningMesh? = nil) throws -> RestClient {
    var client = RestClient(url: try mesh?.url ?? RunningMesh.shared.get().url)
    let reply = try client.post(
      "/api/auth/login", #"{"email":"\#(email)","password":"\#(Self.password)"}"#)
    guard let token = reply.data["accessToken"].text else { throw NotSignedIn(reply: reply.text) }
    client.token = token
    client.tenant = reply.data["user"]["tenantId"].text
    return client
  }

  struct NotSignedIn: Error {
    let reply: String
  }

  func get(_ path: String, headers: [String] = []) throws -> RestReply { try send("GET", path, nil, headers) }

  func post(_ path: String, _ body: String = "{}", headers: [String] = []) throws -> RestReply {
    try send("POST", path, body, headers)
  }

  func patch(_ path: String, _ body: String, headers: [String] = []) throws -> RestReply {
    try send("PATCH", path, body, headers)
  }

  /// - Parameter headers: replace ours of the same name; `Name:` sends none.
  func send(_ method: String, _ path: String, _ body: String?, _ headers: [String] = []) throws -> RestReply {
    var arguments = ["-sS", "-i", "--max-time", "60", "-X", method, url + path]
    var sent = ["Expect:"]
    if let token { sent.append("Authorization: Bearer \(token)") }
    if let tenant { sent.append("X-Tenant-ID: \(tenant)") }
    if body != nil { sent.append("Content-Type: application/json") }
    func name(_ header: String) -> Substring { header.lowercased().prefix { $0 != ":" }[...] }
    sent.removeAll { own in headers.contains { name($0) == name(own) } }
    for header in sent + headers { arguments += ["-H", header] }
    if body != nil { arguments += ["--data-binary", "@-"] }
    let result = try runProcess("curl", arguments, input: body.map { Array($0.utf8) })
    guard result.status == 0 else { throw Unreachable(description: "curl \(method) \(path): \(result.errorText)") }
    return Self.parse(result.outputText)
  }

  struct Unreachable: Error, CustomStringConvertible {
    let description: String
  }

  private static func parse(_ text: String) -> RestReply {
    let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
    let lines = parts[0].split(separator: "\r\n")
    let headers = lines.dropFirst().map { $0.split(separator: ":", maxSplits: 1).map(String.init) }
    return RestReply(
      status: Int(lines.first?.split(separator: " ").dropFirst().first ?? "") ?? 0,
      headers: Dictionary(
        headers.filter { $0.count == 2 }.map { ($0[0].lowercased(), $0[1].trimmingCharacters(in: .whitespaces)) },
        uniquingKeysWith: { $0 + ", " + $1 }),
      text: parts.count > 1 ? String(parts[1]) : "")
  }
}

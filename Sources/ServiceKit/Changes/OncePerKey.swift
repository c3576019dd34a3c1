internal import Postgres
internal import Protobuf
internal import RPC

/// A change that its key makes safe to ask for again: the answer is kept in the transaction of the effect and given again.
struct OncePerKey: Sendable {
  /// Metadata of a reply that was given before.
  static let replayedKey: MetadataKey = "idempotent-replayed"
  static let longestKey = 255
  /// How long an answer is kept at least.
  static let retention: Duration = .seconds(7 * 86_400)

  private let key: String
  private let operation: String
  private let digest: [UInt8]
  private let principal: Principal
  private let tables: ServiceTables

  /// Nil without a key: then everything asked for is something new.
  /// - Throws: 400 for a key that is empty or too long.
  init?(_ principal: Principal, operation: String, _ request: some Message, _ tables: ServiceTables) throws {
    guard let key = principal.key else { return nil }
    guard (1...Self.longestKey).contains(key.utf8.count) else {
      throw ServiceError.validation(
        "Idempotency-Key: expected 1 to \(Self.longestKey) characters", field: "Idempotency-Key")
    }
    self.key = key
    self.operation = operation
    self.principal = principal
    self.tables = tables
    digest = SHA256Digest.of(Array(operation.utf8) + [0] + (try request.serialized()))
  }

  /// Takes the key for this transaction and gives the answer it has had before, with its version.
  /// - Throws: 409 while another request with the key is under way, 422 when the key was used for another request.
  func begin<Response: Message>(
    _ transaction: Transaction, _ type: Response.Type
  ) async throws -> (response: Response, version: Int64?)? {
    let rows = try await transaction.query([
      Statement(
        "SELECT pg_try_advisory_xact_lock(hashtextextended($1::text || ' ' || $2 || ' ' || $3, 0))",
        principal.tenant.description, principal.keyOwner, key),
      tables.find(key: key, of: principal.keyOwner),
    ])
    guard try rows[0].one()[0, as: Bool.self] else {
      throw ServiceError(
        .aborted, "IDEMPOTENCY_IN_PROGRESS", "A request with this Idempotency-Key is under way", retryAfter: 1)
    }
    guard let row = try rows[1].only() else { return nil }
    guard try row[0, as: String.self] == operation, try row[1, as: [UInt8].self] == digest else {
      throw ServiceError(
        .failedPrecondition, "IDEMPOTENCY_MISMATCH", "The Idempotency-Key was used for another request",
        field: "Idempotency-Key")
    }
    return (try Response(serialized: try row[2, as: [UInt8].self]), try row[3, as: Int64?.self])
  }

  /// Keeps the answer, and forgets a few that are older than `retention`: as many are forgotten as are written, and more.
  func statements(_ response: some Message, version: Int64?) throws -> [Statement] {
    [
      tables.insert(
        key: key, principal, operation: operation, digest: digest, response: try response.serialized(),
        version: version),
      tables.forget(before: principal.now.advanced(by: .zero - Self.retention), principal.tenant),
    ]
  }
}

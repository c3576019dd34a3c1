internal import Postgres
internal import Protobuf
internal import RPC
internal import ServiceKit

/// A request that its `Idempotency-Key` makes safe to repeat: the answer is kept in the transaction of the effect and given again
/// (`contract.md` decision 6).
struct KeyedRequest: Sendable {
  /// Metadata with the key.
  static let metadataKey: MetadataKey = "idempotency-key"
  static let longestKey = 255
  /// How long an answer is kept at least.
  static let retention: Duration = .seconds(7 * 86_400)

  private let key: String
  private let method: String
  private let digest: [UInt8]
  private let change: Change

  /// Nil when the caller gave no key: then every request is a new one.
  /// - Throws: 400 for a key that is empty or too long.
  init?(_ call: ServerCall, _ request: some Message, _ change: Change) throws {
    guard let key = call.metadata[Self.metadataKey] else { return nil }
    guard (1...Self.longestKey).contains(key.utf8.count) else {
      throw ServiceError.validation(
        "Idempotency-Key: expected 1 to \(Self.longestKey) characters", field: "Idempotency-Key")
    }
    self.key = key
    method = call.descriptor.path
    digest = SHA256Digest.of(Array(method.utf8) + [0] + (try request.serialized()))
    self.change = change
  }

  /// Takes the key for this transaction and gives the answer it has had before.
  /// - Throws: 409 while another request with the key is under way, 422 when the key was used for another request.
  func begin<Response: Message>(_ transaction: Transaction, _ type: Response.Type) async throws -> Response? {
    let rows = try await transaction.query([
      Statement(
        "SELECT pg_try_advisory_xact_lock(hashtextextended($1::text || ' ' || $2 || ' ' || $3, 0))",
        change.tenant.description, change.subject, key),
      Statement(
        "SELECT method, request_digest, response FROM billing.idempotency_keys WHERE subject = $1 AND key = $2",
        change.subject, key),
    ])
    guard try rows[0].one()[0, as: Bool.self] else {
      throw ServiceError(
        .aborted, "IDEMPOTENCY_IN_PROGRESS", "A request with this Idempotency-Key is under way", retryAfter: 1)
    }
    guard let row = try rows[1].only() else { return nil }
    guard try row[0, as: String.self] == method, try row[1, as: [UInt8].self] == digest else {
      throw ServiceError(
        .failedPrecondition, "IDEMPOTENCY_MISMATCH", "The Idempotency-Key was used for another request",
        field: "Idempotency-Key")
    }
    return try Response(serialized: try row[2, as: [UInt8].self])
  }

  /// Keeps the answer, and forgets a few that are older than `retention`: as many are forgotten as are written, and more.
  func statements(_ response: some Message) throws -> [Statement] {
    [
      Statement(
        """
        INSERT INTO billing.idempotency_keys (tenant_id, subject, key, method, request_digest, response, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """, change.tenant, change.subject, key, method, digest, try response.serialized(),
        PostgresTimestamp(change.now)),
      // One at a time forgets, so that nobody waits for another's deletion.
      Statement(
        """
        DELETE FROM billing.idempotency_keys WHERE (tenant_id, subject, key) IN (
          SELECT tenant_id, subject, key FROM billing.idempotency_keys
          WHERE created_at < $1 AND (SELECT pg_try_advisory_xact_lock(hashtextextended('forget ' || $2, 0)))
          ORDER BY created_at LIMIT 20)
        """, PostgresTimestamp(change.now.advanced(by: .zero - Self.retention)), change.tenant.description),
    ]
  }
}

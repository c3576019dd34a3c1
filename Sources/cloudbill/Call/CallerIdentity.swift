import Postgres
import RPC
import Reactor
import Schema
import ServiceKit

/// Speaks for a user, or for the edge itself, with the edge's key: whoever can read the data directory's secrets may do that.
struct CallerIdentity {
  let directory: DataDirectory

  /// How long the claims of one call are good.
  private static let lifetime = Swift.Duration.seconds(60)
  private static let databasePatience = Swift.Duration.seconds(5)

  /// Claims for a process's own call.
  func service() throws -> [UInt8] { try signer().signForService(now: WallClock.system.now) }

  /// Claims for a user, as the database has it now.
  /// - Returns: the value of `cloudbill-claims-bin`, and the user's tenant.
  func user(_ email: String, group: EventLoopGroup) async throws -> (claims: [UInt8], tenant: String) {
    var claims = try await find(email, group: group)
    // Nobody signed in: a session that does not exist, so that nothing of a real one can be ended by it.
    claims.sessionID = UUID.random().description
    claims.expiresAt = WallClock.system.now.advanced(by: Self.lifetime).timestamp
    return (try signer().sign(claims), claims.tenantID)
  }

  private func signer() throws -> ClaimsSigner {
    do {
      return try ClaimsSigner(issuer: "edge", key: KeyFiles.privateKey(at: directory.privateKey(ServiceCatalogue.edge)))
    } catch {
      throw CommandFailure(
        "cannot speak for anyone without the edge's key: \(error)",
        advice: ["--data DIR must name the data directory of the running mesh, and you must be allowed to read it"])
    }
  }

  /// Looks as `cb_lookup`, which alone sees users of every tenant.
  private func find(_ email: String, group: EventLoopGroup) async throws -> IdentityV1.Claims {
    let address = try DatabaseAddress(directory: directory)
    let database = Database(
      group: group,
      configuration: DatabaseConfiguration(conninfo: try address.conninfo(.migrator), connectionsPerLoop: 1))
    let found: [IdentityV1.Claims]
    do {
      found = try await database.unscoped(
        deadline: .after(Self.databasePatience),
        [
          Statement("SET LOCAL ROLE cb_lookup"),
          Statement(
            "SELECT u.tenant_id, u.id, u.role, u.email FROM auth.users u WHERE lower(u.email) = lower($1)", email),
        ]
      )[1].map { row in
        IdentityV1.Claims(
          subject: try row[1, as: UUID.self].description, tenantID: try row[0, as: UUID.self].description,
          role: IdentityV1.Role(jsonName: try row[2, as: String.self]), email: try row[3, as: String.self])
      }
    } catch {
      await database.close()
      throw CommandFailure(
        "cannot look up \(email): \(error)", advice: ["is `cloudbill up` running with this data directory?"])
    }
    await database.close()
    guard let claims = found.first else { throw CommandFailure("there is no user \(email)") }
    return claims
  }
}

extension IdentityV1.Role {
  /// The role of a name as REST and the database spell it; unspecified when there is none.
  fileprivate init(jsonName: String) {
    self = ServiceKit.Role(rawValue: jsonName)?.message ?? .unspecified
  }
}

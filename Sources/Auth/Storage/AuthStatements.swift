internal import Postgres
internal import ServiceKit

/// SQL of auth. What needs no tenant goes through functions; row-level security narrows everything else to the tenant of the transaction.
enum AuthStatements {
  // MARK: - Signing in

  static let beginSignIn = DeclaredStatement<SignInAttempt, SignInState>(
    """
    SELECT {columns} FROM auth.begin_sign_in(
      :email, sha256(convert_to(lower(:email), 'UTF8')), :at, :free_attempts, :longest_wait_seconds)
    """)
  /// An address is in upper or lower case as the database has it, for the account and for its attempts alike.
  static let forgetAttempts = DeclaredStatement<SignInAttempt, NoFields>(
    "SELECT FROM auth.end_sign_in(sha256(convert_to(lower(:email), 'UTF8')), :at)")
  /// The user, if the password that was compared is still its own and it may act.
  static let noteSignIn = DeclaredStatement<SignInNote, UserRow>(
    """
    UPDATE auth.users SET last_login_at = :at, password_hash = coalesce(:renewed_hash, password_hash), updated_at = :at,
      version = version + 1
    WHERE id = :id AND status = 'ACTIVE' AND password_hash = :compared_hash
    RETURNING {columns}
    """)
  static let comparePassword = DeclaredStatement<SignInNote, Comparison>(
    "SELECT password_hash = :compared_hash AS is_same FROM auth.users WHERE id = :id")

  // MARK: - Users and tenants

  static let findUser = DeclaredStatement<Key, UserRow>("SELECT {columns} FROM auth.users WHERE id = :id")
  static let insertUser = DeclaredStatement<NewUser, NoFields>("INSERT INTO auth.users ({names}) VALUES ({values})")
  static let insertTenant = DeclaredStatement<NewTenant, NoFields>(
    "INSERT INTO auth.tenants ({names}) VALUES ({values})")
  static let hasTenant = DeclaredStatement<Key, Comparison>("SELECT auth.tenant_status(:id) IS NOT NULL AS is_same")
  static let hasSuperAdmin = DeclaredStatement<NoFields, Comparison>(
    "SELECT EXISTS (SELECT FROM auth.users WHERE role = 'SUPER_ADMIN') AS is_same")

  // MARK: - Sessions

  static let insertSession = DeclaredStatement<SessionRecord, NoFields>(
    "INSERT INTO auth.sessions ({names}) VALUES ({values})")
  static let extendSession = DeclaredStatement<SessionRecord, NoFields>(
    "UPDATE auth.sessions SET expires_at = :expires_at WHERE id = :id")
  /// Nothing happens to a session that has ended.
  static let endSession = DeclaredStatement<SessionEnd, NoFields>(
    """
    UPDATE auth.sessions SET ended_at = :at, end_reason = :reason
    WHERE id = :id AND user_id = :user_id AND ended_at IS NULL
    """)
  static let sessionState = DeclaredStatement<Key, SessionRow>("SELECT {columns} FROM auth.session_state(:id)")

  // MARK: - Refresh tokens

  static let insertToken = DeclaredStatement<TokenRecord, NoFields>(
    "INSERT INTO auth.refresh_tokens ({names}) VALUES ({values}) ON CONFLICT DO NOTHING")
  static let useToken = DeclaredStatement<TokenUse, NoFields>(
    "UPDATE auth.refresh_tokens SET used_at = coalesce(used_at, :at) WHERE digest = :digest")
  static let findToken = DeclaredStatement<TokenUse, TokenState>(
    """
    SELECT t.session_id, s.user_id, t.used_at, t.expires_at > :at AS is_current,
      s.ended_at IS NULL AND s.expires_at > :at AS session_stands,
      u.status = 'ACTIVE' AND n.status = 'ACTIVE' AS user_may_act,
      EXISTS (SELECT FROM auth.refresh_tokens x WHERE x.digest = :next_digest AND x.used_at IS NOT NULL)
        AS successor_is_used
    FROM auth.refresh_tokens t
    JOIN auth.sessions s ON s.tenant_id = t.tenant_id AND s.id = t.session_id
    JOIN auth.users u ON u.tenant_id = s.tenant_id AND u.id = s.user_id
    JOIN auth.tenants n ON n.id = s.tenant_id
    WHERE t.digest = :digest
    FOR UPDATE OF t, s
    """)

  /// Those that the service's own role sends.
  static let all: [any AnyDeclaredStatement] = [
    beginSignIn, forgetAttempts, noteSignIn, comparePassword, findUser, hasTenant, insertSession, extendSession,
    endSession, sessionState, insertToken, useToken, findToken,
  ]
  /// Those that an installation is made with, in the owner's role.
  static let installation: [any AnyDeclaredStatement] = [insertUser, insertTenant, hasSuperAdmin]
}

// MARK: - Records

extension AuthStatements {
  struct Key: Record {
    var id = UUID(high: 0, low: 0)

    mutating func fields(_ field: inout some FieldVisitor) throws(DatabaseError) {
      try field("id", &id)
    }
  }

  struct Comparison: Record {
    var isSame = false

    mutating func fields(_ field: inout some FieldVisitor) throws(DatabaseError) {
      try field("is_same", &isSame)
    }
  }

  struct SignInAttempt: Record {
    var email = ""
    var at = WallTime(microseconds: 0)
    var freeAttempts: Int32 = 0
    var longestWaitSeconds: Int32 = 0

    mutating func fields(_ field: inout some FieldVisitor) throws(DatabaseError) {
      try field("email", &email)
      try field("at", &at)
      try field("free_attempts", &freeAttempts)
      try field("longest_wait_seconds", &longestWaitSeconds)
    }
  }

  /// The fields behind the first are null when the caller must wait, and when nobody has the address.
  struct SignInState: Record {
    var waitSeconds: Int32 = 0
    var tenant: TenantID?
    var user: UUID?
    var passwordHash: String?
    var userStatus: AccountStatus?
    var tenantStatus: AccountStatus?

    mutating func fields(_ field: inout some FieldVisitor) throws(DatabaseError) {
      try field("wait_seconds", &waitSeconds)
      try field("tenant_id", &tenant)
      try field("user_id", &user)
      try field("password_hash", &passwordHash)
      try field("user_status", &userStatus)
      try field("tenant_status", &tenantStatus)
    }
  }

  struct SignInNote: Record {
    var id = UUID(high: 0, low: 0)
    var at = WallTime(microseconds: 0)
    var comparedHash = ""
    /// Replaces an older, weaker one.
    var renewedHash: String?

    mutating func fields(_ field: inout some FieldVisitor) throws(DatabaseError) {
      try field("id", &id)
      try field("at", &at)
      try field("compared_hash", &comparedHash)
      try field("renewed_hash", &renewedHash)
    }
  }

  struct SessionRecord: Record {
    var tenant = TenantID(UUID(high: 0, low: 0))
    var id = UUID(high: 0, low: 0)
    var user = UUID(high: 0, low: 0)
    var createdAt = WallTime(microseconds: 0)
    var expiresAt = WallTime(microseconds: 0)

    mutating func fields(_ field: inout some FieldVisitor) throws(DatabaseError) {
      try field("tenant_id", &tenant)
      try field("id", &id)
      try field("user_id", &user)
      try field("created_at", &createdAt)
      try field("expires_at", &expiresAt)
    }
  }

  struct SessionEnd: Record {
    var id = UUID(high: 0, low: 0)
    var user = UUID(high: 0, low: 0)
    var at = WallTime(microseconds: 0)
    var reason = ""

    mutating func fields(_ field: inout some FieldVisitor) throws(DatabaseError) {
      try field("id", &id)
      try field("user_id", &user)
      try field("at", &at)
      try field("reason", &reason)
    }
  }

  struct TokenRecord: Record {
    var tenant = TenantID(UUID(high: 0, low: 0))
    var digest: [UInt8] = []
    var session = UUID(high: 0, low: 0)
    var issuedAt = WallTime(microseconds: 0)
    var expiresAt = WallTime(microseconds: 0)

    mutating func fields(_ field: inout some FieldVisitor) throws(DatabaseError) {
      try field("tenant_id", &tenant)
      try field("digest", &digest)
      try field("session_id", &session)
      try field("issued_at", &issuedAt)
      try field("expires_at", &expiresAt)
    }
  }

  struct TokenUse: Record {
    var digest: [UInt8] = []
    var at = WallTime(microseconds: 0)
    /// The token's successor's.
    var nextDigest: [UInt8] = []

    mutating func fields(_ field: inout some FieldVisitor) throws(DatabaseError) {
      try field("digest", &digest)
      try field("at", &at)
      try field("next_digest", &nextDigest)
    }
  }

  struct TokenState: Record {
    var session = UUID(high: 0, low: 0)
    var user = UUID(high: 0, low: 0)
    var usedAt: WallTime?
    /// It has not expired.
    var isCurrent = false
    var sessionStands = false
    /// Neither the user nor its tenant is suspended.
    var userMayAct = false
    var successorIsUsed = false

    mutating func fields(_ field: inout some FieldVisitor) throws(DatabaseError) {
      try field("session_id", &session)
      try field("user_id", &user)
      try field("used_at", &usedAt)
      try field("is_current", &isCurrent)
      try field("session_stands", &sessionStands)
      try field("user_may_act", &userMayAct)
      try field("successor_is_used", &successorIsUsed)
    }
  }
}

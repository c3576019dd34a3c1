/// What the audit trail calls what happened (OWASP's vocabulary).
enum AuditEvent: String {
  case signedIn = "authn_login_success"
  case signInFailed = "authn_login_fail"
  case signInRefused = "authn_login_refused"
  case signedOut = "session_ended"
  case tokenRenewed = "authn_token_created"
  case tokenReused = "authn_token_reuse"
  /// A super admin begins to act in a tenant that is not its own.
  case actedInOtherTenant = "authz_admin"
}

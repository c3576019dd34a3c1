/// Who may call a method, and whether repeating a call is safe.
struct MethodChecks {
  let table: TypeTable
  /// Whether each method must say who may call it.
  let mustDeclareAccess: Bool

  func check(_ file: FileModel) -> [Diagnostic] {
    file.services.flatMap(\.methods).flatMap { access($0) + retry($0) + timeout($0) + success($0) }
  }

  private func access(_ method: MethodModel) -> [Diagnostic] {
    guard let access = method.rule?.access else {
      guard mustDeclareAccess else { return [] }
      return [
        Diagnostic(
          location: method.location, rule: "access-declared",
          message:
            "\(method.name) does not say who may call it: give (cloudbill.options.v1.method) one of open, session, "
            + "permission, service")
      ]
    }
    switch access {
    case .permission(let name) where !Self.isPermission(name):
      return [
        Diagnostic(
          location: method.location, rule: "permission-name",
          message: "the permission '\(name)' of \(method.name) is not of the form noun:verb, such as subscriptions:read"
        )
      ]
    case .service where !method.bindings.isEmpty:
      return [
        Diagnostic(
          location: method.location, rule: "service-has-no-route",
          message: "\(method.name) is for our own processes only, so it cannot have a REST route")
      ]
    default: return []
    }
  }

  private static func isPermission(_ name: String) -> Bool {
    let parts = name.split(separator: ":", omittingEmptySubsequences: false)
    return parts.count == 2
      && parts.allSatisfy { part in !part.isEmpty && part.allSatisfy { $0.isLowercase || $0 == "-" } }
  }

  private func retry(_ method: MethodModel) -> [Diagnostic] {
    guard let rule = method.rule, let retry = rule.retry else { return [] }
    var found: [Diagnostic] = []
    if rule.idempotency == .unspecified {
      let what = retry.hedgingDelay == nil ? "retried" : "hedged"
      found.append(
        Diagnostic(
          location: method.location, rule: "retry-safe",
          message: "\(method.name) may not be \(what): its idempotency is not declared READ, IDEMPOTENT or KEYED"))
    }
    if !(2...5).contains(retry.maximumAttempts) {
      found.append(
        Diagnostic(
          location: method.location, rule: "retry-attempts",
          message: "max_attempts of \(method.name) is \(retry.maximumAttempts); it must be 2 to 5"))
    }
    if method.clientStreaming || method.serverStreaming {
      found.append(
        Diagnostic(
          location: method.location, rule: "retry-unary",
          message: "\(method.name) is a stream: only unary calls are retried"))
    }
    return found
  }

  private func timeout(_ method: MethodModel) -> [Diagnostic] {
    guard let timeout = method.rule?.timeout, timeout <= 0 else { return [] }
    return [
      Diagnostic(
        location: method.location, rule: "timeout-positive",
        message: "the timeout of \(method.name) is not positive: leave it out for as long as it takes")
    ]
  }

  private func success(_ method: MethodModel) -> [Diagnostic] {
    guard let status = method.rule?.successStatus, status != 0, !(200...299).contains(status) else { return [] }
    return [
      Diagnostic(
        location: method.location, rule: "success-status",
        message: "success_status of \(method.name) is \(status); it must be 200 to 299")
    ]
  }
}

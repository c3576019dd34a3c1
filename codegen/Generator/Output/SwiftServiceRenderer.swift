/// Writes a service: its method descriptors, the protocol a server implements, and the client.
struct SwiftServiceRenderer {
  let names: SwiftNames
  let access: String

  func render(_ service: ServiceModel, into text: inout SourceText) {
    let namespace = names.namespace(service.package)
    text.block("extension \(namespace) {") { text in
      descriptors(service, into: &text)
      text.line()
      serverProtocol(service, into: &text)
      text.line()
      client(service, into: &text)
    }
    text.line()
    methodTable(service, namespace: namespace, into: &text)
  }

  private func rpc(_ name: String, _ service: ServiceModel) -> String {
    names.library(name, "RPC", in: service.package)
  }

  /// `async throws(RPCError)`.
  private func effects(_ service: ServiceModel) -> String { "async throws(\(rpc("RPCError", service)))" }

  private func type(_ fullName: String, _ service: ServiceModel) -> String {
    names.type(fullName, from: service.package)
  }

  // MARK: Descriptors

  private func descriptors(_ service: ServiceModel, into text: inout SourceText) {
    let descriptor = rpc("MethodDescriptor", service)
    text.line("/// The methods of `\(service.fullName)`, for stubs, servers and policy tables.")
    text.block("\(access) enum \(SwiftNames.typeName(service.name))Methods {") { text in
      for method in service.methods {
        let idempotency = method.rule.map { "idempotency: .\($0.idempotency.swiftName)" }
        let retry = method.rule?.retry.map { "retry: \($0.swift(type: rpc("RetryRule", service)))" }
        let timeout = method.rule?.timeout.map { "timeout: \(SwiftLiteral.duration($0))" }
        text.list(
          "\(access) static let \(SwiftNames.method(method)) = \(descriptor)(",
          [
            "service: \"\(service.fullName)\"", "name: \"\(method.name)\"", "kind: .\(method.kind)", idempotency, retry,
            timeout,
          ]
          .compactMap { $0 }, ")")
      }
    }
  }

  // MARK: Server

  private func serverProtocol(_ service: ServiceModel, into text: inout SourceText) {
    text.comment(service.comment.isEmpty ? "The service `\(service.fullName)`." : service.comment)
    text.comment("\nA server implements it and hands it to `Server`.")
    text.block("\(access) protocol \(SwiftNames.serviceProtocol(service)): RPC.Service {") { text in
      for (index, method) in service.methods.enumerated() {
        if index > 0 { text.line() }
        text.comment(method.comment)
        text.list(
          "func \(SwiftNames.method(method))(", serverParameters(method, service),
          ") \(effects(service))\(serverResult(method, service))")
      }
    }
  }

  private func serverParameters(_ method: MethodModel, _ service: ServiceModel) -> [String] {
    let input = type(method.input, service)
    let output = type(method.output, service)
    var result: [String] = []
    result.append(
      method.clientStreaming ? "_ requests: \(rpc("MessageReader", service))<\(input)>" : "_ request: \(input)")
    if method.serverStreaming { result.append("_ replies: \(rpc("MessageWriter", service))<\(output)>") }
    result.append("_ call: \(rpc("ServerCall", service))")
    return result
  }

  private func serverResult(_ method: MethodModel, _ service: ServiceModel) -> String {
    method.serverStreaming ? "" : " -> \(type(method.output, service))"
  }

  private func methodTable(_ service: ServiceModel, namespace: String, into text: inout SourceText) {
    let methods = "\(namespace).\(SwiftNames.typeName(service.name))Methods"
    text.block("extension \(namespace).\(SwiftNames.serviceProtocol(service)) {") { text in
      text.line("/// Every method with its handler, as `Server` wants it.")
      text.block("\(access) var methods: [ServerMethod] {") { text in
        text.block("[", closing: "]") { text in
          text.entries(
            service.methods.map { method in
              let name = SwiftNames.method(method)
              return ".\(method.kind)(\(methods).\(name), self.\(name))"
            })
        }
      }
    }
  }

  // MARK: Client

  private func client(_ service: ServiceModel, into text: inout SourceText) {
    let channel = rpc("Channel", service)
    text.line("/// Calls `\(service.fullName)` over a channel.")
    text.block("\(access) struct \(SwiftNames.typeName(service.name))Client: Sendable {") { text in
      text.line("\(access) let channel: \(channel)")
      text.line()
      text.line("\(access) init(_ channel: \(channel)) { self.channel = channel }")
      for method in service.methods {
        text.line()
        text.comment(method.comment)
        call(method, service, into: &text)
      }
    }
  }

  private func call(_ method: MethodModel, _ service: ServiceModel, into text: inout SourceText) {
    let name = SwiftNames.method(method)
    let input = type(method.input, service)
    let output = type(method.output, service)
    let options = rpc("CallOptions", service)
    let descriptor = "\(SwiftNames.typeName(service.name))Methods.\(name)"
    let parameters = [method.clientStreaming ? nil : "_ request: \(input)", "options: \(options) = \(options)()"]
    let arguments = method.clientStreaming ? descriptor : "\(descriptor), request"
    let lent: String
    switch (method.clientStreaming, method.serverStreaming) {
    case (false, false):
      text.list(
        "\(access) func \(name)(", parameters.compactMap { $0 }, ") \(effects(service)) -> \(output) {")
      return text.body { text in text.line("try await channel.unary(\(arguments), options: options)") }
    case (false, true): lent = "\(rpc("MessageReader", service))<\(output)>"
    case (true, false): lent = "\(rpc("ClientStream", service))<\(input), \(output)>"
    case (true, true): lent = "\(rpc("BidirectionalStream", service))<\(input), \(output)>"
    }
    // The stream lives as long as the closure that it is lent to, and the call throws what the closure throws.
    text.list(
      "\(access) func \(name)<BodyResult, BodyFailure: Error>(",
      parameters.compactMap { $0 } + ["_ body: (\(lent)) async throws(BodyFailure) -> BodyResult"],
      ") async throws(BodyFailure) -> BodyResult {")
    text.body { text in text.line("try await channel.\(method.kind)(\(arguments), options: options, body)") }
  }
}

extension MethodModel {
  /// The case of `MethodKind`, which is also the name of the functions of `ServerMethod` and `Channel`.
  var kind: String {
    switch (clientStreaming, serverStreaming) {
    case (false, false): "unary"
    case (true, false): "clientStreaming"
    case (false, true): "serverStreaming"
    case (true, true): "bidirectional"
    }
  }
}

extension MethodIdempotency {
  var swiftName: String {
    switch self {
    case .unspecified: "unspecified"
    case .read: "read"
    case .idempotent: "idempotent"
    case .keyed: "keyed"
    }
  }
}

extension RetryRule {
  /// The rule as an expression.
  /// - Parameter type: what the type is called there.
  func swift(type: String) -> String {
    let hedging = hedgingDelay.map { ", hedgingDelay: \(SwiftLiteral.duration($0))" } ?? ""
    return "\(type)(maximumAttempts: \(maximumAttempts), initialBackoff: \(SwiftLiteral.duration(initialBackoff)), "
      + "maximumBackoff: \(SwiftLiteral.duration(maximumBackoff))\(hedging))"
  }
}

extension SwiftLiteral {
  static func duration(_ nanoseconds: Int64) -> String {
    if nanoseconds % 1_000_000_000 == 0 { return ".seconds(\(nanoseconds / 1_000_000_000))" }
    if nanoseconds % 1_000_000 == 0 { return ".milliseconds(\(nanoseconds / 1_000_000))" }
    return ".nanoseconds(\(nanoseconds))"
  }
}

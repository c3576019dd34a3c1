/// Who sees the generated Swift.
public enum Visibility: String, Sendable, CaseIterable {
  case `public`, package, `internal`
}

/// What a run of the plugin writes.
public enum OutputKind: String, Sendable, CaseIterable {
  /// Message and enum values, one Swift file a package.
  case messages
  /// Client stubs and server protocols, one Swift file a service.
  case services
  /// `RestRoutes.swift` and `MethodPolicies.swift`.
  case routes
  /// `openapi.json` and `OpenAPIDocument.swift`.
  case openapi
  /// `types.ts` and `client.ts`.
  case typescript
  /// Descriptors for reflection: a C file, its header and a Swift file.
  case descriptors
}

/// The parameters of a plugin run, as in `--cloudbill_opt=outputs=messages+services,c-module=CSchema`.
public struct GeneratorOptions: Sendable {
  /// `outputs=messages+services`; the default is these two.
  public var outputs: Set<OutputKind> = [.messages, .services]
  /// `c-module=CSchema`: the module that holds what `protoc-c` made of the same files.
  public var cModule = "CSchema"
  /// `visibility=public`.
  public var visibility = Visibility.public
  /// `namespace=cloudbill.billing.v1:BillingV1`, repeatable.
  public var namespaces: [String: String] = [:]
  /// `inside-rpc`: the output becomes part of the RPC module and does not import it.
  public var insideRPC = false
  /// `descriptors-name=SchemaDescriptors`: the Swift enum and C prefix of the reflection descriptors.
  public var descriptorsName = "SchemaDescriptors"
  /// `title=CloudBill`: the title of the OpenAPI document.
  public var title = "API"

  public init() {}

  /// Reads the parameter string of the plugin protocol; throws a sentence for people.
  public init(parameter: String) throws(OptionsError) {
    for part in parameter.split(separator: ",") {
      let pieces = part.split(separator: "=", maxSplits: 1).map(String.init)
      let (name, value) = (pieces[0], pieces.count > 1 ? pieces[1] : "")
      switch name {
      case "outputs":
        outputs = []
        for word in value.split(separator: "+") {
          guard let kind = OutputKind(rawValue: String(word)) else {
            let known = OutputKind.allCases.map(\.rawValue).joined(separator: ", ")
            throw OptionsError("there is no output '\(word)'; there are \(known)")
          }
          outputs.insert(kind)
        }
      case "c-module": cModule = value
      case "visibility":
        guard let found = Visibility(rawValue: value) else {
          throw OptionsError("there is no visibility '\(value)'; there are public, package, internal")
        }
        visibility = found
      case "namespace":
        let names = value.split(separator: ":").map(String.init)
        guard names.count == 2, Casing.isIdentifier(names[1]) else {
          throw OptionsError("a namespace is given as PACKAGE:Name, not '\(value)'")
        }
        namespaces[names[0]] = names[1]
      case "inside-rpc": insideRPC = true
      case "descriptors-name": descriptorsName = value
      case "title": title = value
      default: throw OptionsError("there is no parameter '\(name)'")
      }
    }
  }
}

/// A parameter nobody understands.
public struct OptionsError: Error, CustomStringConvertible {
  public let description: String
  init(_ description: String) { self.description = description }
}

/// What protobuf has and we do not support, told before `protoc-c` or the Swift compiler stumbles over it.
struct FeatureChecks {
  let table: TypeTable

  func check(_ file: FileModel) -> [Diagnostic] {
    guard file.syntax == "proto3" else {
      return [
        Diagnostic(
          location: file.location, rule: "proto3-only",
          message: "this is \(file.syntax.isEmpty ? "proto2" : file.syntax): write `syntax = \"proto3\";`")
      ]
    }
    var found: [Diagnostic] = []
    if file.declaresExtensions {
      found.append(
        Diagnostic(
          location: file.location, rule: "no-extensions",
          message: "extensions are for option files; import the file instead of generating from it"))
    }
    for field in file.messages.flatMap(\.family).flatMap(\.fields) {
      if field.type == .group {
        found.append(
          Diagnostic(location: field.location, rule: "no-groups", message: "'\(field.name)' is a group: use a message"))
      }
    }
    found += unknownWellKnown(file)
    return found
  }

  /// Messages of google.protobuf that the Protobuf library does not have.
  private func unknownWellKnown(_ file: FileModel) -> [Diagnostic] {
    let fields = file.messages.flatMap(\.family).flatMap(\.fields).compactMap { field -> (String, SourceLocation)? in
      switch field.type {
      case .message(let name), .enumeration(let name): (name, field.location)
      default: nil
      }
    }
    let methods = file.services.flatMap(\.methods).flatMap { [($0.input, $0.location), ($0.output, $0.location)] }
    return (fields + methods).compactMap { name, location in
      guard name.hasPrefix("google.protobuf."), WellKnown.swiftName(name) == nil else { return nil }
      return Diagnostic(
        location: location, rule: "known-types", message: "\(name) has no Swift value in the Protobuf library")
    }
  }
}

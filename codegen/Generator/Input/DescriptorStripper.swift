import CDescriptor
import CProtobufC
import Glibc

/// Takes out of a `FileDescriptorSet` what C messages do not need: services, options, lines, and the imports that served
/// only options. What is left for `protoc-c` holds our messages and nothing of google.api or `descriptor.proto`.
public enum DescriptorStripper {
  /// The stripped set, and the names of its files but google.protobuf's, which the Protobuf library has itself.
  public static func strip(_ bytes: [UInt8], wanted: [String]) throws -> (set: [UInt8], files: [String]) {
    guard let set = google__protobuf__file_descriptor_set__unpack(nil, bytes.count, bytes) else {
      throw InputError("these bytes are no FileDescriptorSet")
    }
    defer { google__protobuf__file_descriptor_set__free_unpacked(set, nil) }
    let files = DescriptorReader.list(set.pointee.file, set.pointee.n_file)
    let models = files.map { DescriptorReader.file($0.pointee, isGenerated: true) }
    let imports = neededImports(models)
    for file in files {
      for message in DescriptorReader.list(file.pointee.message_type, file.pointee.n_message_type) {
        simplify(message)
      }
    }
    let kept = reachable(from: wanted, imports)

    let copies = zip(files, models).filter { kept.contains($1.name) }.map { file, model in
      messagesOnly(file.pointee, imports: imports[model.name] ?? [])
    }
    defer { for copy in copies { copy.free() } }
    var stripped = Google__Protobuf__FileDescriptorSet()
    google__protobuf__file_descriptor_set__init(&stripped)
    let packed = copies.map { Optional($0.file) }.withUnsafeBufferPointer { list in
      stripped.n_file = list.count
      stripped.file = UnsafeMutablePointer(mutating: list.baseAddress)
      return PackedMessage.bytes(&stripped) {
        google__protobuf__file_descriptor_set__get_packed_size($0)
      } pack: {
        google__protobuf__file_descriptor_set__pack($0, $1)
      }
    }
    let names = models.map(\.name).filter { kept.contains($0) && !$0.hasPrefix("google/protobuf/") }
    return (packed, names)
  }

  /// Takes away two flags of fields. `optional`: `protoc` puts such a field into a oneof of its own, which protobuf-c
  /// understands, while it refuses the flag; the case of that oneof is the field's presence. `deprecated`: our own code
  /// would be warned of the C member.
  private static func simplify(_ message: UnsafeMutablePointer<Google__Protobuf__DescriptorProto>) {
    for field in DescriptorReader.list(message.pointee.field, message.pointee.n_field) {
      field.pointee.has_proto3_optional = 0
      field.pointee.options?.pointee.has_deprecated = 0
    }
    for nested in DescriptorReader.list(message.pointee.nested_type, message.pointee.n_nested_type) {
      simplify(nested)
    }
  }

  /// A copy of a file that shares everything with the original but its list of imports.
  private struct Copy {
    let file: UnsafeMutablePointer<Google__Protobuf__FileDescriptorProto>
    let imports: UnsafeMutableBufferPointer<UnsafeMutablePointer<CChar>?>

    func free() {
      file.deallocate()
      imports.deallocate()
    }
  }

  private static func messagesOnly(
    _ file: Google__Protobuf__FileDescriptorProto, imports: [String]
  ) -> Copy {
    let original = DescriptorReader.list(file.dependency, file.n_dependency)
    // A type that comes through a public import has its home in a file this one does not name: it gets the importer's place.
    let texts = imports.map { name in
      original.first { DescriptorReader.text($0) == name } ?? strdup(name)
    }
    let list = UnsafeMutableBufferPointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: max(texts.count, 1))
    for (index, text) in texts.enumerated() { list.initializeElement(at: index, to: text) }
    var copy = file
    copy.dependency = list.baseAddress
    copy.n_dependency = texts.count
    copy.n_public_dependency = 0
    copy.n_weak_dependency = 0
    copy.n_service = 0
    copy.n_extension = 0
    copy.source_code_info = nil
    let pointer = UnsafeMutablePointer<Google__Protobuf__FileDescriptorProto>.allocate(capacity: 1)
    pointer.initialize(to: copy)
    return Copy(file: pointer, imports: list)
  }

  /// By file: those of its imports that declare a type one of its fields or methods names.
  private static func neededImports(_ files: [FileModel]) -> [String: [String]] {
    var home: [String: String] = [:]
    for file in files {
      let table = TypeTable([file])
      for name in table.messages.keys { home[name] = file.name }
      for name in table.enums.keys { home[name] = file.name }
    }
    var result: [String: [String]] = [:]
    for file in files {
      var used: [String] = []
      for message in TypeTable([file]).messages.values {
        for field in message.fields {
          switch field.type {
          case .message(let name), .enumeration(let name): used.append(name)
          default: break
          }
        }
      }
      for method in file.services.flatMap(\.methods) { used += [method.input, method.output] }
      result[file.name] = Set(used.compactMap { home[$0] }).subtracting([file.name]).sorted()
    }
    return result
  }

  private static func reachable(from wanted: [String], _ imports: [String: [String]]) -> Set<String> {
    var result: Set<String> = []
    var waiting = wanted
    while let name = waiting.popLast() {
      if result.insert(name).inserted { waiting += imports[name] ?? [] }
    }
    return result
  }
}

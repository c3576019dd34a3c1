import CDescriptor
import CProtobufC

/// Makes the model from the C descriptors. The numbers in paths are field numbers of `descriptor.proto`, as its
/// `SourceCodeInfo.Location.path` defines them.
struct DescriptorReader {
  private let comments: SourceComments
  private let package: String

  /// Reads one file.
  static func file(_ descriptor: Google__Protobuf__FileDescriptorProto, isGenerated: Bool) -> FileModel {
    let reader = DescriptorReader(
      comments: SourceComments(descriptor), package: text(descriptor.package))
    let prefix = reader.package.isEmpty ? "" : reader.package + "."
    return FileModel(
      name: text(descriptor.name),
      package: reader.package,
      syntax: text(descriptor.syntax),
      imports: list(descriptor.dependency, descriptor.n_dependency).map { text($0) },
      isGenerated: isGenerated,
      messages: list(descriptor.message_type, descriptor.n_message_type).enumerated().map { index, message in
        reader.message(message, prefix: prefix, around: [], path: [4, Int32(index)])
      },
      enums: list(descriptor.enum_type, descriptor.n_enum_type).enumerated().map { index, entry in
        reader.enumeration(entry, prefix: prefix, around: [], path: [5, Int32(index)])
      },
      services: list(descriptor.service, descriptor.n_service).enumerated().map { index, service in
        reader.service(service, prefix: prefix, path: [6, Int32(index)])
      },
      declaresExtensions: descriptor.n_extension > 0)
  }

  private func message(
    _ pointer: UnsafeMutablePointer<Google__Protobuf__DescriptorProto>, prefix: String, around: [String], path: [Int32]
  ) -> MessageModel {
    let descriptor = pointer.pointee
    let name = Self.text(descriptor.name)
    let names = around + [name]
    let inner = prefix + name + "."
    return MessageModel(
      fullName: prefix + name,
      package: package,
      path: names,
      fields: Self.list(descriptor.field, descriptor.n_field).enumerated().map { index, field in
        self.field(field, path: path + [2, Int32(index)])
      },
      oneofs: Self.list(descriptor.oneof_decl, descriptor.n_oneof_decl).enumerated().map { index, oneof in
        self.oneof(oneof.pointee, path: path + [8, Int32(index)])
      },
      messages: Self.list(descriptor.nested_type, descriptor.n_nested_type).enumerated().map { index, nested in
        message(nested, prefix: inner, around: names, path: path + [3, Int32(index)])
      },
      enums: Self.list(descriptor.enum_type, descriptor.n_enum_type).enumerated().map { index, entry in
        enumeration(entry, prefix: inner, around: names, path: path + [4, Int32(index)])
      },
      unsupportedRules: RulesReader.messageRules(
        descriptor.options.map { OptionsReader.unknownFields($0.pointee.base) } ?? []),
      isMapEntry: descriptor.options.map { $0.pointee.has_map_entry != 0 && $0.pointee.map_entry != 0 } ?? false,
      comment: comments.comment(path),
      location: comments.location(path))
  }

  private func oneof(_ descriptor: Google__Protobuf__OneofDescriptorProto, path: [Int32]) -> OneofModel {
    let options = descriptor.options.map { OptionsReader.unknownFields($0.pointee.base) } ?? []
    let rules = RulesReader.oneofRules(options)
    return OneofModel(
      name: Self.text(descriptor.name), isRequired: rules.isRequired, unsupportedRules: rules.unsupported,
      comment: comments.comment(path), location: comments.location(path))
  }

  private func field(
    _ pointer: UnsafeMutablePointer<Google__Protobuf__FieldDescriptorProto>, path: [Int32]
  ) -> FieldModel {
    let descriptor = pointer.pointee
    let options = descriptor.options.map { OptionsReader.unknownFields($0.pointee.base) } ?? []
    let format = OptionsReader.format(options)
    return FieldModel(
      name: Self.text(descriptor.name),
      jsonName: Self.text(descriptor.json_name),
      number: Int(descriptor.number),
      type: Self.type(descriptor),
      isRepeated: descriptor.label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED,
      isProto3Optional: descriptor.has_proto3_optional != 0 && descriptor.proto3_optional != 0,
      oneof: descriptor.has_oneof_index != 0 ? Int(descriptor.oneof_index) : nil,
      format: format ?? .plain,
      formatIsDeclared: format != nil,
      ruleKind: Self.ruleKind(descriptor),
      rules: RulesReader.fieldRules(options),
      object: OptionsReader.objectRule(options),
      expected: OptionsReader.expected(options),
      isDeprecated: descriptor.options.map { $0.pointee.has_deprecated != 0 && $0.pointee.deprecated != 0 } ?? false,
      comment: comments.comment(path),
      location: comments.location(path))
  }

  /// The type by the numbers of `FieldDescriptorProto.Type`; the fixed and zigzag kinds differ only on the wire.
  private static func type(_ descriptor: Google__Protobuf__FieldDescriptorProto) -> FieldType {
    let reference = String(text(descriptor.type_name).drop { $0 == "." })
    switch descriptor.type.rawValue {
    case 1: return .double
    case 2: return .float
    case 3, 16, 18: return .int64
    case 4, 6: return .uint64
    case 5, 15, 17: return .int32
    case 7, 13: return .uint32
    case 8: return .bool
    case 9: return .string
    case 11: return .message(reference)
    case 12: return .bytes
    case 14: return .enumeration(reference)
    default: return .group
    }
  }

  /// The kind of `buf.validate` rules that fits the type, `nil` for a message.
  private static func ruleKind(_ descriptor: Google__Protobuf__FieldDescriptorProto) -> String? {
    let names: [UInt32: String] = [
      1: "double", 2: "float", 3: "int64", 4: "uint64", 5: "int32", 6: "fixed64", 7: "fixed32", 8: "bool", 9: "string",
      12: "bytes", 13: "uint32", 14: "enum", 15: "sfixed32", 16: "sfixed64", 17: "sint32", 18: "sint64",
    ]
    return names[UInt32(truncatingIfNeeded: descriptor.type.rawValue)]
  }

  private func enumeration(
    _ pointer: UnsafeMutablePointer<Google__Protobuf__EnumDescriptorProto>, prefix: String, around: [String],
    path: [Int32]
  ) -> EnumModel {
    let descriptor = pointer.pointee
    let name = Self.text(descriptor.name)
    return EnumModel(
      fullName: prefix + name,
      package: package,
      path: around + [name],
      values: Self.list(descriptor.value, descriptor.n_value).enumerated().map { index, value in
        let valuePath = path + [2, Int32(index)]
        let options = value.pointee.options.map { OptionsReader.unknownFields($0.pointee.base) } ?? []
        return EnumValueModel(
          name: Self.text(value.pointee.name), number: value.pointee.number,
          json: OptionsReader.enumValueJSON(options),
          comment: comments.comment(valuePath), location: comments.location(valuePath))
      },
      comment: comments.comment(path),
      location: comments.location(path))
  }

  private func service(
    _ pointer: UnsafeMutablePointer<Google__Protobuf__ServiceDescriptorProto>, prefix: String, path: [Int32]
  ) -> ServiceModel {
    let descriptor = pointer.pointee
    let name = Self.text(descriptor.name)
    return ServiceModel(
      fullName: prefix + name,
      package: package,
      name: name,
      methods: Self.list(descriptor.method, descriptor.n_method).enumerated().map { index, method in
        self.method(method.pointee, service: prefix + name, path: path + [2, Int32(index)])
      },
      comment: comments.comment(path),
      location: comments.location(path))
  }

  private func method(
    _ descriptor: Google__Protobuf__MethodDescriptorProto, service: String, path: [Int32]
  ) -> MethodModel {
    let options = descriptor.options.map { OptionsReader.unknownFields($0.pointee.base) } ?? []
    return MethodModel(
      name: Self.text(descriptor.name),
      service: service,
      input: String(Self.text(descriptor.input_type).drop { $0 == "." }),
      output: String(Self.text(descriptor.output_type).drop { $0 == "." }),
      clientStreaming: descriptor.client_streaming != 0,
      serverStreaming: descriptor.server_streaming != 0,
      bindings: OptionsReader.bindings(options),
      rule: OptionsReader.methodRule(options),
      comment: comments.comment(path),
      location: comments.location(path))
  }

  /// A C string, empty when there is none.
  static func text(_ pointer: UnsafeMutablePointer<CChar>?) -> String { pointer.map { String(cString: $0) } ?? "" }

  /// A C array of pointers.
  static func list<Element>(
    _ pointer: UnsafeMutablePointer<UnsafeMutablePointer<Element>?>?, _ count: Int
  ) -> [UnsafeMutablePointer<Element>] {
    (0..<count).compactMap { pointer?[$0] }
  }
}

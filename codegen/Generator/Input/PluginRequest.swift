import CDescriptor
import CProtobufC

/// What a run starts from: the files as `protoc` parsed them, which of them to generate, and the parameter.
public struct PluginRequest {
  public var model: SchemaModel
  /// Every file serialized without its source information, for reflection, in the model's order.
  var descriptors: [[UInt8]]

  /// Reads the `CodeGeneratorRequest` that `protoc` writes to a plugin's standard input.
  public init(request bytes: [UInt8]) throws {
    guard let request = google__protobuf__compiler__code_generator_request__unpack(nil, bytes.count, bytes) else {
      throw InputError("standard input holds no CodeGeneratorRequest: this program is run by protoc")
    }
    defer { google__protobuf__compiler__code_generator_request__free_unpacked(request, nil) }
    let wanted = (0..<request.pointee.n_file_to_generate).map {
      DescriptorReader.text(request.pointee.file_to_generate[$0])
    }
    try self.init(
      DescriptorReader.list(request.pointee.proto_file, request.pointee.n_proto_file), wanted: wanted,
      parameter: DescriptorReader.text(request.pointee.parameter))
  }

  /// Reads a `FileDescriptorSet`, as `protoc --descriptor_set_out` writes it.
  public init(descriptorSet bytes: [UInt8], wanted: [String], parameter: String) throws {
    guard let set = google__protobuf__file_descriptor_set__unpack(nil, bytes.count, bytes) else {
      throw InputError("these bytes are no FileDescriptorSet")
    }
    defer { google__protobuf__file_descriptor_set__free_unpacked(set, nil) }
    try self.init(
      DescriptorReader.list(set.pointee.file, set.pointee.n_file), wanted: wanted, parameter: parameter)
  }

  private init(
    _ files: [UnsafeMutablePointer<Google__Protobuf__FileDescriptorProto>], wanted: [String], parameter: String
  ) throws {
    let generated = Set(wanted)
    model = SchemaModel(
      files: files.map { file in
        DescriptorReader.file(
          file.pointee, isGenerated: generated.contains(DescriptorReader.text(file.pointee.name)))
      },
      options: try GeneratorOptions(parameter: parameter))
    descriptors = files.map(Self.packedWithoutSource)
  }

  /// Serializes a file without lines and comments. The caller's message is the same afterwards.
  private static func packedWithoutSource(
    _ file: UnsafeMutablePointer<Google__Protobuf__FileDescriptorProto>
  ) -> [UInt8] {
    let source = file.pointee.source_code_info
    file.pointee.source_code_info = nil
    defer { file.pointee.source_code_info = source }
    return PackedMessage.bytes(UnsafePointer(file)) {
      google__protobuf__file_descriptor_proto__get_packed_size($0)
    } pack: {
      google__protobuf__file_descriptor_proto__pack($0, $1)
    }
  }
}

/// Serializes C messages by their generated functions.
enum PackedMessage {
  static func bytes<Message>(
    _ message: UnsafePointer<Message>, size: (UnsafePointer<Message>) -> Int,
    pack: (UnsafePointer<Message>, UnsafeMutablePointer<UInt8>?) -> Int
  ) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: size(message)) { buffer, count in
      count = pack(message, buffer.baseAddress)
    }
  }
}

/// Input that is not what it should be.
public struct InputError: Error, CustomStringConvertible {
  public let description: String
  init(_ description: String) { self.description = description }
}

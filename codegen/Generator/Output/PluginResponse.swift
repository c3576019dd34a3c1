import CDescriptor
import CProtobufC
import Glibc

/// The `CodeGeneratorResponse` that `protoc` reads from a plugin's standard output.
public enum PluginResponse {
  /// Serializes the files, or the error that `protoc` prints instead.
  public static func bytes(_ result: Result<[OutputFile], any Error>) -> [UInt8] {
    var response = Google__Protobuf__Compiler__CodeGeneratorResponse()
    google__protobuf__compiler__code_generator_response__init(&response)
    // FEATURE_PROTO3_OPTIONAL: protoc hands such fields over, and our own message explains why they are refused.
    response.has_supported_features = 1
    response.supported_features = 1
    // The strings are copies that are freed below, after packing.
    var entries: [UnsafeMutablePointer<Google__Protobuf__Compiler__CodeGeneratorResponse__File>?] = []
    defer {
      free(response.error)
      for case let entry? in entries {
        free(entry.pointee.name)
        free(entry.pointee.content)
        entry.deallocate()
      }
    }
    switch result {
    case .failure(let error): response.error = strdup(String(describing: error))
    case .success(let files):
      for file in files {
        let entry = UnsafeMutablePointer<Google__Protobuf__Compiler__CodeGeneratorResponse__File>.allocate(capacity: 1)
        google__protobuf__compiler__code_generator_response__file__init(entry)
        entry.pointee.name = strdup(file.name)
        entry.pointee.content = strdup(file.content)
        entries.append(entry)
      }
    }
    return entries.withUnsafeMutableBufferPointer { list in
      response.n_file = list.count
      response.file = list.baseAddress
      return PackedMessage.bytes(&response) {
        google__protobuf__compiler__code_generator_response__get_packed_size($0)
      } pack: {
        google__protobuf__compiler__code_generator_response__pack($0, $1)
      }
    }
  }
}

import Foundation
import TestSupport
import Testing

/// The repository's own schema: in good style, and what is generated from it is what is committed.
@Suite("The repository's schema")
struct RepositoryTests {
  @Test("the committed files are what codegen/generate makes of proto/")
  func nothingDrifts() throws {
    let result = try runProcess(
      TestEnvironment.root.appending(path: "codegen/generate").path,
      ["--check", "--plugin", TestEnvironment.product("protoc-gen-cloudbill")])
    #expect(result.status == 0, "\(result.errorText)")
  }

  @Test("the buf.validate options have the names, numbers and types that protovalidate has")
  func validateOptions() throws {
    let program = """
      import os, sys, tempfile
      from google.protobuf import descriptor_pb2
      from grpc_tools import protoc
      from protovalidate._gen.buf.validate import validate_pb
      theirs = descriptor_pb2.FileDescriptorProto.FromString(validate_pb.desc().proto.to_binary())
      known = {m.name: {f.name: (f.number, f.type, f.label, f.type_name) for f in m.field} for m in theirs.message_type}
      known[""] = {e.name: (e.number, e.type, e.label, e.type_name) for e in theirs.extension}
      file = os.path.join(tempfile.mkdtemp(), "set")
      include = os.path.join(os.path.dirname(protoc.__file__), "_proto")
      assert protoc.main(["", "-I" + sys.argv[1], "-I" + include, "-o" + file, "buf/validate/validate.proto"]) == 0
      ours = descriptor_pb2.FileDescriptorSet.FromString(open(file, "rb").read()).file[0]
      for name, fields in [("", ours.extension)] + [(m.name, m.field) for m in ours.message_type]:
          for f in fields:
              found = (f.number, f.type, f.label, f.type_name)
              assert known[name][f.name] == found, f"{name}.{f.name}: {found} is not {known[name][f.name]}"
      print(sum(len(m.field) for m in ours.message_type))
      """
    let result = try runProcess(
      TestEnvironment.python, ["-c", program, TestEnvironment.root.appending(path: "proto").path])
    #expect(result.status == 0, "\(result.errorText)")
    #expect((Int(result.outputText.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0) > 100)
  }

  @Test("buf lint finds nothing in proto/")
  func lintIsClean() throws {
    let result = try runProcess(
      TestEnvironment.pythonTool("buf"), ["lint", TestEnvironment.root.appending(path: "proto").path])
    #expect(result.status == 0, "\(result.outputText)\(result.errorText)")
  }
}

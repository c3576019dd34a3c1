import Generator
import Glibc

let usage = """
  protoc-gen-cloudbill: the protoc plugin behind codegen/generate.

  usage: protoc --plugin=protoc-gen-cloudbill --cloudbill_out=DIR [--cloudbill_opt=…] FILE.proto…
         protoc-gen-cloudbill strip FILE.proto… < descriptor-set > stripped-descriptor-set
         protoc-gen-cloudbill files FILE.proto… < descriptor-set

  strip keeps what protoc-c needs; files prints the files that need code, imports included.
  The one command for people is codegen/generate; its --help explains the rest.

  """

switch CommandLine.arguments.dropFirst().first {
case nil:
  StandardStreams.write(
    PluginResponse.bytes(Result { try Generator(PluginRequest(request: StandardStreams.input())).files() }))
case "strip", "files":
  do {
    let stripped = try DescriptorStripper.strip(
      StandardStreams.input(), wanted: Array(CommandLine.arguments.dropFirst(2)))
    if CommandLine.arguments[1] == "strip" {
      StandardStreams.write(stripped.set)
    } else {
      for name in stripped.files { print(name) }
    }
  } catch {
    StandardStreams.complain("protoc-gen-cloudbill: \(error)\n")
    exit(1)
  }
case "--help", "-h": print(usage, terminator: "")
default:
  StandardStreams.complain(usage)
  exit(2)
}

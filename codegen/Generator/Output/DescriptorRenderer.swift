/// Writes the serialized descriptors that server reflection shows: bytes in C, where arrays of any length compile fast, and
/// their list in Swift.
struct DescriptorRenderer {
  let model: SchemaModel
  let descriptors: [[UInt8]]

  private var name: String { model.options.descriptorsName }

  func files() -> [OutputFile] {
    let sources = model.generated.map(\.name)
    let shown = zip(model.files, descriptors).filter { needed.contains($0.0.name) }
    return [
      OutputFile(name: "\(name).h", content: header(sources)),
      OutputFile(name: "\(name).c", content: source(sources, shown.map { ($0.0, $0.1) })),
      OutputFile(name: "\(name).swift", content: swift(sources)),
    ]
  }

  /// The generated files and all that they import: a client needs every one to make sense of the first.
  private var needed: Set<String> {
    let imports = Dictionary(model.files.map { ($0.name, $0.imports) }, uniquingKeysWith: { first, _ in first })
    var result: Set<String> = []
    var waiting = model.generated.map(\.name)
    while let file = waiting.popLast() {
      if result.insert(file).inserted { waiting += imports[file] ?? [] }
    }
    return result
  }

  private func header(_ sources: [String]) -> String {
    var text = SourceText()
    text.line(GeneratedHeader.comment(from: sources))
    text.line("#pragma once")
    text.line("#include <stddef.h>")
    text.line("#include <stdint.h>")
    text.line()
    text.block("typedef struct \(name)File {", closing: "} \(name)File;") { text in
      text.line("const char *name;")
      text.line("const uint8_t *bytes;")
      text.line("size_t byte_count;")
      text.line("const char *const *symbols;")
      text.line("size_t symbol_count;")
    }
    text.line()
    text.line("// All files, imports first.")
    text.line("const \(name)File *\(name)_files(size_t *count);")
    return text.text
  }

  private func source(_ sources: [String], _ shown: [(FileModel, [UInt8])]) -> String {
    var text = SourceText()
    text.line(GeneratedHeader.comment(from: sources))
    text.line("#include \"\(name).h\"")
    for (index, (file, bytes)) in shown.enumerated() {
      text.line()
      text.line("// \(file.name)")
      text.block("static const uint8_t bytes_\(index)[] = {", closing: "};") { text in
        for start in stride(from: 0, to: bytes.count, by: 24) {
          text.line(bytes[start..<min(start + 24, bytes.count)].map { "\($0)," }.joined(separator: " "))
        }
      }
      let symbols = Self.symbols(file)
      text.block("static const char *const symbols_\(index)[] = {", closing: "};") { text in
        for symbol in symbols.isEmpty ? [""] : symbols { text.line("\"\(symbol)\",") }
      }
    }
    text.line()
    text.block("static const \(name)File files[] = {", closing: "};") { text in
      for (index, (file, bytes)) in shown.enumerated() {
        let count = Self.symbols(file).count
        text.line("{\"\(file.name)\", bytes_\(index), \(bytes.count), symbols_\(index), \(count)},")
      }
    }
    text.line()
    text.block("const \(name)File *\(name)_files(size_t *count) {") { text in
      text.line("*count = \(shown.count);")
      text.line("return files;")
    }
    return text.text
  }

  private func swift(_ sources: [String]) -> String {
    var text = SourceText()
    text.line(GeneratedHeader.comment(from: sources))
    text.line("internal import \(model.options.cModule)")
    let access = model.options.visibility.rawValue
    if !model.options.insideRPC { text.line("\(access) import RPC") }
    text.line()
    text.line("/// The schema as server reflection shows it: these files and all that they import.")
    text.block("\(access) enum \(name) {") { text in
      text.block("\(access) static let files: [ReflectionFile] = {", closing: "}()") { text in
        text.line("var count = 0")
        text.line("let files = UnsafeBufferPointer(start: \(name)_files(&count), count: count)")
        text.block("return files.map { file in") { text in
          text.block("ReflectionFile(", closing: nil) { text in
            text.line("name: String(cString: file.name),")
            text.line("bytes: Array(UnsafeBufferPointer(start: file.bytes, count: file.byte_count)),")
            text.line(
              "symbols: (0..<file.symbol_count).compactMap { file.symbols[$0].map { String(cString: $0) } })")
          }
        }
      }
    }
    return text.text
  }

  /// What a client may ask for by name: types, services and methods.
  private static func symbols(_ file: FileModel) -> [String] {
    var result: [String] = file.enums.map(\.fullName)
    func add(_ message: MessageModel) {
      result.append(message.fullName)
      result += message.enums.map(\.fullName)
      for nested in message.messages { add(nested) }
    }
    for message in file.messages { add(message) }
    for service in file.services {
      result.append(service.fullName)
      result += service.methods.map { "\(service.fullName).\($0.name)" }
    }
    return result
  }
}

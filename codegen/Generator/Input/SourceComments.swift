import CDescriptor

/// Lines and comments of a file's declarations, by their path in the descriptor.
struct SourceComments {
  private var lines: [[Int32]: Int] = [:]
  private var comments: [[Int32]: String] = [:]
  private let file: String

  init(_ descriptor: Google__Protobuf__FileDescriptorProto) {
    file = DescriptorReader.text(descriptor.name)
    guard let info = descriptor.source_code_info else { return }
    for index in 0..<info.pointee.n_location {
      guard let location = info.pointee.location[index]?.pointee, location.n_span > 0 else { continue }
      let path = Array(UnsafeBufferPointer(start: location.path, count: location.n_path))
      if lines[path] == nil { lines[path] = Int(location.span[0]) + 1 }
      if let leading = location.leading_comments { comments[path] = Self.clean(String(cString: leading)) }
    }
  }

  func location(_ path: [Int32]) -> SourceLocation { SourceLocation(file: file, line: lines[path] ?? 0) }

  func comment(_ path: [Int32]) -> String { comments[path] ?? "" }

  /// Takes off the space behind `//` and what is said to other tools.
  private static func clean(_ comment: String) -> String {
    comment.split(separator: "\n", omittingEmptySubsequences: false)
      .map { line in line.first == " " ? String(line.dropFirst()) : String(line) }
      .filter { !$0.hasPrefix("buf:lint:") }
      .joined(separator: "\n")
      .trimmingNewlines()
  }
}

extension String {
  fileprivate func trimmingNewlines() -> String {
    var result = Substring(self)
    while result.last?.isWhitespace == true { result.removeLast() }
    while result.first?.isNewline == true { result.removeFirst() }
    return String(result)
  }
}

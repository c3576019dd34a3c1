import Glibc

/// Programs that answer at once.
enum Program {
  /// What the program prints, or nil when it cannot be run or fails. For short outputs.
  static func output(of program: String, _ arguments: [String]) -> String? {
    guard let (readEnd, writeEnd) = try? makePipe(blocking: true) else { return nil }
    defer { close(readEnd) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, writeEnd, 1)
    var identifier: pid_t = 0
    let code = withCStrings([program] + arguments) {
      posix_spawnp(&identifier, program, &actions, nil, $0, environ)
    }
    close(writeEnd)
    guard code == 0 else { return nil }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4_096)
    while true {
      let count = read(readEnd, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      bytes += chunk[..<count]
    }
    var status: Int32 = 0
    while waitpid(identifier, &status, 0) < 0 && errno == EINTR {}
    return ChildProcess.Ending(status: status).isSuccess ? String(decoding: bytes, as: UTF8.self) : nil
  }
}

/// Lends an array of strings as the null-terminated array that `exec` takes.
func withCStrings<Result>(_ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result) -> Result {
  let copies: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
  defer { for copy in copies { free(copy) } }
  return body(copies)
}

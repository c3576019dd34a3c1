import Glibc

/// The text of an `errno` value, such as "No such file or directory".
func systemErrorText(_ code: Int32) -> String { strerror(code).map { String(cString: $0) } ?? "error \(code)" }

/// A pipe that programs started later do not inherit.
func makePipe(blocking: Bool) throws -> (readEnd: Int32, writeEnd: Int32) {
  var ends: [Int32] = [0, 0]
  guard pipe(&ends) == 0 else { throw CommandFailure.system("cannot make", "a pipe", errno) }
  for end in ends {
    _ = fcntl(end, F_SETFD, FD_CLOEXEC)
    if !blocking { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
  }
  return (ends[0], ends[1])
}

/// The few file operations the commands need. Foundation stays out of the services' memory.
enum Files {
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Names in a directory, without `.` and `..`; empty when it cannot be read.
  static func names(in path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// The whole file, or nil when it does not exist. Meant for small files; also for those of `/proc`, whose size is 0.
  static func read(_ path: String) throws -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw CommandFailure.system("cannot read", path, errno)
    }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      guard count >= 0 else { throw CommandFailure.system("cannot read", path, errno) }
      if count == 0 { return bytes }
      bytes += chunk[..<count]
    }
  }

  static func text(_ path: String) throws -> String? {
    try read(path).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Bytes in the file; 0 when it does not exist.
  static func size(_ path: String) -> Int {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : 0
  }

  /// The end of a text file, at most 16 KiB of it, from an offset on.
  static func lastLines(of path: String, count: Int, from offset: Int = 0) -> [String] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 16_384)
    let got = pread(descriptor, &bytes, bytes.count, off_t(max(offset, size(path) - bytes.count)))
    guard got > 0 else { return [] }
    return String(decoding: bytes[..<got], as: UTF8.self).split(whereSeparator: \.isNewline).suffix(count).map(
      String.init)
  }

  /// Writes the file as a whole or not at all: into a neighbour that takes its place once it is on disk.
  static func write(_ text: String, to path: String, mode: mode_t) throws {
    let neighbour = path + ".new"
    unlink(neighbour)
    let descriptor = open(neighbour, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw CommandFailure.system("cannot write", path, errno) }
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    var written = 0
    while written < bytes.count {
      let count = bytes[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { throw CommandFailure.system("cannot write", path, errno) }
      written += count
    }
    guard fchmod(descriptor, mode) == 0, fsync(descriptor) == 0, rename(neighbour, path) == 0 else {
      throw CommandFailure.system("cannot write", path, errno)
    }
  }

  /// Makes a directory and the missing ones above it. An existing one is left as it is.
  static func makeDirectory(_ path: String, mode: mode_t) throws {
    if isDirectory(path) { return }
    let parent = self.parent(of: path)
    if parent != path { try makeDirectory(parent, mode: 0o755) }
    guard mkdir(path, mode) == 0 || errno == EEXIST else {
      throw CommandFailure.system("cannot make the directory", path, errno)
    }
    guard isDirectory(path) else { throw CommandFailure("\(path) exists and is not a directory") }
    // The umask may have taken bits that the PostgreSQL user needs.
    chmod(path, mode)
  }

  /// What a symbolic link says, or nil when there is none that we may read.
  static func linkTarget(_ path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(path, &buffer, buffer.count - 1)
    return count < 0 ? nil : String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
    return String(path[..<slash])
  }

  /// The path from the root, with `.`, `..` and doubled slashes resolved by text; links stay as they are.
  static func absolute(_ path: String) -> String {
    var start = path
    if !path.hasPrefix("/"), let current = getcwd(nil, 0) {
      start = String(cString: current) + "/" + path
      free(current)
    }
    var parts: [Substring] = []
    for part in start.split(separator: "/") where part != "." {
      if part == ".." { parts = parts.dropLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }

  /// Bytes an unprivileged process may still write on the file system of `path`.
  static func freeSpace(at path: String) -> Int? {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return nil }
    return Int(status.f_bavail) * Int(status.f_frsize)
  }
}

import Glibc

/// One `cloudbill up` a data directory. The kernel lets go of the lock when the process ends, however it ends.
final class DirectoryLock {
  private let descriptor: Int32

  init(_ directory: DataDirectory) throws {
    descriptor = open(directory.lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard descriptor >= 0 else { throw CommandFailure.system("cannot open", directory.lock, errno) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      let owner = (try? Files.text(directory.lock))??.prefix { $0.isNumber } ?? ""
      close(descriptor)
      guard code == EWOULDBLOCK else { throw CommandFailure.system("cannot lock", directory.lock, code) }
      throw CommandFailure(
        "another `cloudbill up`\(owner.isEmpty ? "" : " (process \(owner))") is running with the data directory \(directory.path)",
        advice: ["stop it first, or choose another one: --data DIR (and --base-port N, for the ports)"])
    }
    let text = Array("\(getpid())\n".utf8)
    guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, text, text.count, 0) == text.count else {
      throw CommandFailure.system("cannot write", directory.lock, errno)
    }
  }

  deinit { close(descriptor) }
}

internal import CLinux
internal import Glibc
internal import Synchronization

/// A bound socket that listens. The listeners of several loops may share one, because a unix socket's path can be bound once only.
///
/// The file of a unix socket is removed when the last listener has gone, and before binding when nobody listens there any more: a process
/// that was killed leaves its file behind, and binding fails as long as there is one.
final class ListeningSocket: Sendable {
  let descriptor: Int32
  /// The port is filled in when 0 was asked for.
  let address: SocketAddress
  private let file: SocketFile?
  private let users = Mutex(1)

  /// - Parameter sharesPort: lets other sockets of this user bind the same port (`SO_REUSEPORT`).
  /// - Throws: `ReactorError.addressInUse`, `.invalidAddress`, `.systemCall`.
  init(_ address: SocketAddress, backlog: Int32, sharesPort: Bool) throws(ReactorError) {
    descriptor = try Self.bind(address, sharesPort: sharesPort)
    guard listen(descriptor, backlog) == 0 else {
      let error = ReactorError.bindError(errno, name: "listen", address)
      Glibc.close(descriptor)
      throw error
    }
    if case .unix(let path) = address {
      self.address = address
      file = SocketFile(path: path)
    } else {
      self.address = .local(of: descriptor)
      file = nil
    }
  }

  private static func bind(_ address: SocketAddress, sharesPort: Bool) throws(ReactorError) -> Int32 {
    let descriptor = cl_stream_socket(address.family)
    guard descriptor >= 0 else { throw .last("socket") }
    var yes: Int32 = 1
    if address.family != AF_UNIX {
      setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, 4)
      if sharesPort { setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &yes, 4) }
    }
    func attempt() -> Int32 { address.withSocketAddress { Glibc.bind(descriptor, $0, $1) } == 0 ? 0 : errno }
    var code = attempt()
    if code == EADDRINUSE, case .unix(let path) = address, SocketFile.removeAbandoned(path) { code = attempt() }
    guard code == 0 else {
      Glibc.close(descriptor)
      throw .bindError(code, name: "bind", address)
    }
    return descriptor
  }

  /// Counts one listener more; false when the last one has gone.
  func share() -> Bool {
    users.withLock { users in
      guard users > 0 else { return false }
      users += 1
      return true
    }
  }

  /// One listener less; the last one ends the socket.
  func release() {
    let isLast = users.withLock { users in
      users -= 1
      return users == 0
    }
    guard isLast else { return }
    file?.remove()
    Glibc.close(descriptor)
  }

  /// Has the kernel queue no more connections than those that wait already (one at most is added). A peer that is not let in tries again
  /// and finds the socket closed, or another process that listens.
  func stopQueueing() {
    listen(descriptor, 0)
  }
}

/// The file of a unix socket.
private struct SocketFile {
  private let path: String
  private let device: dev_t
  private let number: ino_t

  /// Nil when it has been removed meanwhile.
  init?(path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    self.path = path
    device = status.st_dev
    number = status.st_ino
  }

  /// Removes it, unless another socket has taken its place.
  func remove() {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_dev == device, status.st_ino == number else { return }
    unlink(path)
  }

  /// Removes a socket that nobody listens on; answers whether the path is free now. Whatever else has that name stays.
  static func removeAbandoned(_ path: String) -> Bool {
    var status = stat()
    guard lstat(path, &status) == 0 else { return errno == ENOENT }
    guard status.st_mode & S_IFMT == S_IFSOCK else { return false }
    let probe = cl_stream_socket(AF_UNIX)
    guard probe >= 0 else { return false }
    defer { Glibc.close(probe) }
    let code = SocketAddress.unix(path: path).withSocketAddress { Glibc.connect(probe, $0, $1) }
    // Anything but a refusal comes from somebody who listens, or is no proof that nobody does.
    guard code != 0, errno == ECONNREFUSED else { return false }
    return unlink(path) == 0 || errno == ENOENT
  }
}

extension ReactorError {
  static func bindError(_ code: Int32, name: String, _ address: SocketAddress) -> ReactorError {
    switch code {
    case EADDRINUSE: .addressInUse(address)
    case EADDRNOTAVAIL, EAFNOSUPPORT: .invalidAddress(address.description)
    default: .systemCall(name: name, code: code)
    }
  }
}

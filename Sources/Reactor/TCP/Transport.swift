internal import Glibc

/// What carries a connection's bytes.
///
/// An enum and not a protocol: for a socket, each operation is one comparison and the system call. TLS becomes a case of its own, whose
/// payload owns the TLS state and the socket below it; the connection above stays as it is.
enum Transport {
  /// A connected, non-blocking socket.
  case socket(Int32)
  /// One end of two that are joined in this process, see `TCPConnection.pair`.
  case memory(MemoryEndpoint)

  /// Takes bytes to send. Answers how many were taken, or the error number negated: `-EAGAIN` when there is no room now.
  @inline(__always)
  func send(_ bytes: UnsafeRawBufferPointer) -> Int {
    switch self {
    case .socket(let descriptor):
      let count = Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
      return count >= 0 ? count : -Int(errno)
    case .memory(let endpoint): return endpoint.send(bytes)
    }
  }

  /// Fills `buffer` with what has arrived. Answers how many bytes that are, 0 at the end of the input, or the error number negated.
  @inline(__always)
  func receive(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    switch self {
    case .socket(let descriptor):
      let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
      return count >= 0 ? count : -Int(errno)
    case .memory(let endpoint): return endpoint.receive(into: buffer)
    }
  }

  /// Tells the peer that nothing more is sent.
  func endOutput() {
    switch self {
    case .socket(let descriptor): shutdown(descriptor, Int32(SHUT_WR))
    case .memory(let endpoint): endpoint.endOutput()
    }
  }

  func close() {
    switch self {
    case .socket(let descriptor): Glibc.close(descriptor)
    case .memory(let endpoint): endpoint.close()
    }
  }

  /// The number of the error that ended the connection; 0 when there is none.
  func pendingError() -> Int32 {
    guard case .socket(let descriptor) = self else { return 0 }
    var code: Int32 = 0
    var length = socklen_t(4)
    getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
    return code
  }

  var localAddress: SocketAddress {
    switch self {
    case .socket(let descriptor): .local(of: descriptor)
    case .memory(let endpoint): endpoint.localAddress
    }
  }

  // MARK: - Readiness

  func modify(_ watch: Watch, on loop: EventLoop, for interest: Interest) {
    switch self {
    case .socket: loop.modify(watch, for: interest)
    case .memory(let endpoint): endpoint.modify(for: interest)
    }
  }
}

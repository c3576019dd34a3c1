internal import CLinux
internal import Glibc
internal import Synchronization

/// Looks names up with the system's resolver (`getaddrinfo`: hosts file, DNS), on the threads of a blocking pool and never on a loop.
///
/// The answer holds every address of both families, each once, in the order of RFC 6724, and the two families by turns from the second
/// address on (RFC 8305 §4), so that a caller who tries them in order soon meets the other family when one of them leads nowhere.
public struct NameResolver: Sendable {
  /// Answers the addresses of a host in the order of preference; may block.
  public typealias Lookup = @Sendable (_ host: String, _ port: UInt16) throws(ReactorError) -> [SocketAddress]

  private let pool: BlockingPool
  private let lookup: Lookup

  /// - Parameters:
  ///   - pool: its threads bound how many look-ups run at once, its queue how many wait. A look-up of the system's may take some ten
  ///     seconds when no name server answers.
  ///   - lookup: nil asks the system.
  public init(pool: BlockingPool, lookup: Lookup? = nil) {
    self.pool = pool
    self.lookup = lookup ?? Self.system
  }

  /// The addresses of an endpoint, at least one. Cancelling the task ends the wait at once.
  /// - Throws: `ReactorError.nameNotFound`, `.nameLookupFailed`, `.nameLookupsFull`, `.cancelled`.
  public func addresses(of endpoint: Endpoint) async throws(ReactorError) -> [SocketAddress] {
    guard case .name(let host, let port) = endpoint else { return endpoint.knownAddresses }
    let pending = PendingLookup()
    let result: Result<[SocketAddress], ReactorError> = await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        pending.begin(self, host, port) { continuation.resume(returning: $0) }
      }
    } onCancel: {
      pending.end(.failure(.cancelled))
    }
    return try result.get()
  }

  /// The same for code that runs on a loop without a task: `completion` is called once, on the loop and later than this returns, unless the
  /// look-up is cancelled first.
  public func resolve(
    _ endpoint: Endpoint, on loop: EventLoop, completion: @escaping (Result<[SocketAddress], ReactorError>) -> Void
  ) -> NameLookup {
    loop.preconditionCurrent()
    let bound = LoopBound(NameLookup(completion), loop: loop)
    let told: @Sendable (Result<[SocketAddress], ReactorError>) -> Void = { result in
      loop.execute { bound.value.end(result) }
    }
    if case .name(let host, let port) = endpoint {
      bound.value.pending.begin(self, host, port, told)
    } else {
      told(.success(endpoint.knownAddresses))
    }
    return bound.value
  }

  fileprivate func look(_ host: String, _ port: UInt16) -> Result<[SocketAddress], ReactorError> {
    do throws(ReactorError) {
      let found = Self.interleaved(try lookup(host, port))
      return found.isEmpty ? .failure(.nameNotFound(host)) : .success(found)
    } catch {
      return .failure(error)
    }
  }

  /// Answers what takes the job back, for as long as it waits for a thread.
  fileprivate func submit(
    _ host: String, _ job: @escaping @Sendable () -> Void
  ) throws(ReactorError) -> @Sendable () -> Void {
    do throws(BlockingPoolError) {
      let number = try pool.submit(job)
      return { [pool] in pool.withdraw(number) }
    } catch {
      switch error {
      case .queueFull: throw .nameLookupsFull(host)
      case .stopped: throw .loopStopped
      }
    }
  }

  /// Every address once, the families by turns, beginning with that of the first one; the order within a family stays.
  static func interleaved(_ addresses: [SocketAddress]) -> [SocketAddress] {
    guard let first = addresses.first else { return [] }
    var seen = Set<SocketAddress>()
    let unique = addresses.filter { seen.insert($0).inserted }
    let own = unique.filter { $0.family == first.family }
    let other = unique.filter { $0.family != first.family }
    var result: [SocketAddress] = []
    for index in 0..<max(own.count, other.count) {
      if index < own.count { result.append(own[index]) }
      if index < other.count { result.append(other[index]) }
    }
    return result
  }

  /// `AI_ADDRCONFIG` is not asked for: it takes the loopback interface for no network. An address that cannot be reached comes late in the
  /// order anyway (RFC 6724 §6, rule 1).
  private static let system: Lookup = { (host: String, port: UInt16) throws(ReactorError) -> [SocketAddress] in
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, nil, &hints, &list)
    let cause = errno
    switch code {
    case 0: break
    case EAI_NONAME, cl_eai_no_data: throw .nameNotFound(host)
    case EAI_SYSTEM: throw .nameLookupFailed(host, reason: String(cString: strerror(cause)))
    default: throw .nameLookupFailed(host, reason: String(cString: gai_strerror(code)))
    }
    defer { freeaddrinfo(list) }
    var found: [SocketAddress] = []
    var next = list
    while let entry = next {
      if let address = SocketAddress(entry.pointee.ai_addr, entry.pointee.ai_addrlen, port: port) {
        found.append(address)
      }
      next = entry.pointee.ai_next
    }
    return found
  }
}

/// A look-up begun on a loop. Loop-bound.
public final class NameLookup {
  fileprivate let pending = PendingLookup()
  private var completion: ((Result<[SocketAddress], ReactorError>) -> Void)?

  fileprivate init(_ completion: @escaping (Result<[SocketAddress], ReactorError>) -> Void) {
    self.completion = completion
  }

  /// The completion will not be called any more. A look-up that waits for a thread is not made. Twice is harmless.
  public func cancel() {
    completion = nil
    pending.end(.failure(.cancelled))
  }

  fileprivate func end(_ result: Result<[SocketAddress], ReactorError>) {
    completion.take()?(result)
  }
}

/// Tells exactly one result, whichever of the answer and the cancellation comes first.
private final class PendingLookup: Sendable {
  typealias Told = @Sendable (Result<[SocketAddress], ReactorError>) -> Void

  private enum State {
    case created
    case waiting(Told, withdraw: (@Sendable () -> Void)?)
    case ended
  }

  private let state = Mutex(State.created)

  func begin(_ resolver: NameResolver, _ host: String, _ port: UInt16, _ told: @escaping Told) {
    let isFirst = state.withLock { state in
      guard case .created = state else { return false }
      state = .waiting(told, withdraw: nil)
      return true
    }
    guard isFirst else { return told(.failure(.cancelled)) }
    do throws(ReactorError) {
      let withdraw = try resolver.submit(host) { [self] in
        if isWaiting { end(resolver.look(host, port)) }
      }
      let hasEnded = state.withLock { state in
        guard case .waiting(let told, _) = state else { return true }
        state = .waiting(told, withdraw: withdraw)
        return false
      }
      if hasEnded { withdraw() }
    } catch {
      end(.failure(error))
    }
  }

  private var isWaiting: Bool {
    state.withLock { if case .waiting = $0 { true } else { false } }
  }

  func end(_ result: Result<[SocketAddress], ReactorError>) {
    let before = state.withLock { state in
      defer { state = .ended }
      return state
    }
    guard case .waiting(let told, let withdraw) = before else { return }
    withdraw?()
    told(result)
  }
}

extension Endpoint {
  fileprivate var knownAddresses: [SocketAddress] {
    if case .address(let address) = self { [address] } else { [] }
  }
}

internal import CPostgres
internal import Glibc

/// Owns one `PGconn` and frees it, which closes the connection. Everything libpq does to a connection goes through here.
// @unchecked Sendable: it is made on a helper thread, handed to its loop once, and touched by the loop only from then on.
final class ConnectionHandle: @unchecked Sendable {
  // libpq takes a null connection, which is one it had no memory for, for a bad one.
  private let pointer: OpaquePointer?

  /// Begins to connect; `isBad` tells whether that failed at once. It reads files and looks up every host without a `hostaddr`: it
  /// blocks.
  /// - Parameter keywords: libpq's keywords with their values.
  init(connectingWith keywords: [(String, String)]) {
    var names = keywords.map { UnsafePointer(strdup($0.0)) }
    var values = keywords.map { UnsafePointer(strdup($0.1)) }
    defer { for text in names + values { free(UnsafeMutablePointer(mutating: text)) } }
    names.append(nil)
    values.append(nil)
    pointer = PQconnectStartParams(names, values, 0)
    // libpq prints notices on standard error unless told otherwise.
    PQsetNoticeProcessor(pointer, { _, _ in }, nil)
  }

  deinit {
    PQfinish(pointer)
  }

  /// The connection's settings, to be freed with `PQconninfoFree`.
  func options() -> UnsafeMutablePointer<PQconninfoOption>? { PQconninfo(pointer) }

  /// The server that is being tried, or that the connection leads to.
  var currentServer: ServerAddress {
    ServerAddress(
      host: PQhost(pointer).map { String(cString: $0) } ?? "",
      hostaddr: PQhostaddr(pointer).map { String(cString: $0) } ?? "",
      port: PQport(pointer).map { String(cString: $0) } ?? "")
  }

  var isBad: Bool { PQstatus(pointer) == CONNECTION_BAD }
  var descriptor: Int32 { PQsocket(pointer) }
  /// Whether the last `ReadyForQuery` said that no transaction is open.
  var isOutsideTransaction: Bool { PQtransactionStatus(pointer) == PQTRANS_IDLE }

  /// libpq's account of what went wrong, without its line ends and hints. It names addresses, roles and databases, never values.
  var errorMessage: String {
    String(cString: PQerrorMessage(pointer)).split(separator: "\n").filter { !$0.hasPrefix("\t") }
      .joined(separator: "; ")
  }

  func pollConnect() -> PostgresPollingStatusType { PQconnectPoll(pointer) }

  func enterPipeline() -> Bool {
    PQsetnonblocking(pointer, 1) == 0 && PQenterPipelineMode(pointer) == 1
  }

  func sendPrepare(name: String, _ statement: Statement) -> Bool {
    let types = statement.parameters.slots.map(\.type)
    return statement.sql.withCString { PQsendPrepare(pointer, name, $0, Int32(types.count), types) } == 1
  }

  func sendExecute(name: String, _ parameters: ParameterBuffer) -> Bool {
    parameters.withPointers { count, values, lengths, formats in
      PQsendQueryPrepared(pointer, name, count, values, lengths, formats, 1)
    } == 1
  }

  /// Ends a unit of the pipeline and writes what is buffered.
  func sendSync() -> Bool { PQpipelineSync(pointer) == 1 }

  /// Writes what is buffered. 0: all of it; 1: the socket is full; -1: the connection is lost.
  func flush() -> Int32 { PQflush(pointer) }

  func consumeInput() -> Bool { PQconsumeInput(pointer) == 1 }
  var isBusy: Bool { PQisBusy(pointer) == 1 }

  func nextResult() -> ResultBox? {
    PQgetResult(pointer).map { ResultBox(ResultHandle(owning: $0)) }
  }

  /// Reads what came without being asked for, and looks whether the server has gone.
  func isStillOpen() -> Bool {
    var byte: UInt8 = 0
    // Bounded: an idle server says a word or two, never a stream.
    for _ in 0..<8 {
      let count = recv(PQsocket(pointer), &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT))
      if count < 0 { return errno == EAGAIN || errno == EINTR }
      guard count > 0, PQconsumeInput(pointer) == 1 else { return false }
      _ = PQisBusy(pointer)
    }
    return !isBad
  }

  /// Nobody listens here, but what arrives would pile up.
  func dropNotifications() {
    while let notification = PQnotifies(pointer) { PQfreemem(notification) }
  }

  func makeCancel() -> CancelHandle? {
    PQgetCancel(pointer).map { CancelHandle(owning: $0) }
  }
}

/// Owns a `PGcancel`: where and how to ask the server to stop what a connection runs.
// @unchecked Sendable: PGcancel is immutable and PQcancel is documented as safe from any thread.
final class CancelHandle: @unchecked Sendable {
  private let pointer: OpaquePointer

  init(owning pointer: OpaquePointer) {
    self.pointer = pointer
  }

  deinit {
    PQfreeCancel(pointer)
  }

  /// Connects, asks and waits until the server has closed that connection: it blocks.
  @discardableResult
  func send() -> Bool {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      PQcancel(pointer, buffer.baseAddress, 256) == 1
    }
  }
}

extension ParameterBuffer {
  /// The arrays libpq wants, for the time of `body`.
  func withPointers(
    _ body: (
      _ count: Int32, _ values: UnsafePointer<UnsafePointer<CChar>?>?, _ lengths: UnsafePointer<Int32>?,
      _ formats: UnsafePointer<Int32>?
    ) -> Int32
  ) -> Int32 {
    guard !slots.isEmpty else { return body(0, nil, nil, nil) }
    return bytes.withUnsafeBytes { bytes in
      withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: slots.count) { values in
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: 2 * slots.count) { numbers in
          for (index, slot) in slots.enumerated() {
            // An empty value in an empty buffer still is not null: any address will do, nothing is read from it.
            let address = slot.offset.map { offset in
              bytes.baseAddress.map { $0.advanced(by: offset) } ?? UnsafeRawPointer(numbers.baseAddress!)
            }
            values.initializeElement(at: index, to: address?.assumingMemoryBound(to: CChar.self))
            numbers.initializeElement(at: index, to: Int32(truncatingIfNeeded: slot.count))
            numbers.initializeElement(at: slots.count + index, to: slot.format)
          }
          let lengths = UnsafePointer(numbers.baseAddress!)
          return body(Int32(slots.count), UnsafePointer(values.baseAddress), lengths, lengths + slots.count)
        }
      }
    }
  }
}

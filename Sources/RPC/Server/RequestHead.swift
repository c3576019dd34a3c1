internal import HTTP2

/// What the header fields of a request say to the protocol.
struct RequestHead {
  private(set) var isPost = false
  private(set) var isGRPC = false
  private(set) var isCompressed = false
  /// Nanoseconds; `.max` when there is no `grpc-timeout`, nil when it is not valid.
  private(set) var timeout: Int64? = .max

  mutating func read(_ fields: borrowing HeaderFields) {
    var head = self
    fields.forEachField { name, value in
      switch name.count {
      case 7 where name.elementsEqual(":method".utf8):
        head.isPost = value.elementsEqual("POST".utf8)
      case 12 where name.elementsEqual("content-type".utf8):
        head.isGRPC = Self.isGRPC(value)
      case 12 where name.elementsEqual("grpc-timeout".utf8):
        head.timeout = CallTimeout.parse(value)
      case 13 where name.elementsEqual("grpc-encoding".utf8):
        head.isCompressed = !value.elementsEqual("identity".utf8)
      default: break
      }
    }
    self = head
  }

  /// `application/grpc`, alone or with `+proto` or parameters behind it.
  private static func isGRPC(_ value: UnsafeRawBufferPointer) -> Bool {
    let wanted = "application/grpc".utf8
    guard value.count >= wanted.count, value.prefix(wanted.count).elementsEqual(wanted) else { return false }
    let rest = value.dropFirst(wanted.count)
    guard let next = rest.first else { return true }
    return next == UInt8(ascii: ";") || rest.elementsEqual("+proto".utf8) || rest.starts(with: "+proto;".utf8)
  }
}

internal import Reactor
internal import ServiceKit

/// What one answered request leaves behind. Only what is listed here is ever logged: no token, no body, no query, and
/// of the path only the route's template.
struct AccessRecord: Sendable {
  var requestID: [UInt8] = []
  var method = HTTPMethod.get
  /// The route's template; empty when the request matched none.
  var route: String?
  var status = 0
  var duration = Duration.zero
  var responseBytes = 0
  /// The tenant the request was for, once it was allowed.
  var tenant = ""
  var subject = ""
  /// The documented error code of a failure.
  var errorCode: String?
  /// Lines like this one that were left out before it.
  var suppressed = 0

  /// How much the line matters to who runs the edge: a caller's fault is news for nobody.
  var level: StaticString {
    switch status {
    case 500, 501: "error"
    case 502...599: "warning"
    default: "info"
    }
  }
}

/// Lets so many lines a second through, of those that anybody can cause without even making a request.
struct LineBudget {
  private let perSecond: Int
  private var second: Int64 = .min
  private var used = 0
  private var suppressed = 0

  init(perSecond: Int) {
    self.perSecond = perSecond
  }

  /// Nil when the line is to be left out; else how many were left out since the last one.
  mutating func take(second now: Int64) -> Int? {
    if now != second {
      second = now
      used = 0
    }
    guard used < perSecond else {
      suppressed += 1
      return nil
    }
    used += 1
    defer { suppressed = 0 }
    return suppressed
  }
}

/// Writes one JSON line a request. Lines of one loop turn are put together and written at once, without waiting for who reads them.
final class AccessLog: Flushable {
  private let loop: EventLoop
  private let output: LogOutput
  private var pending: [UInt8] = []
  private var flushRequested = false

  init(loop: EventLoop, output: LogOutput) {
    self.loop = loop
    self.output = output
  }

  func write(_ record: AccessRecord, timestamp: [UInt8]) {
    pending.append(record, timestamp: timestamp)
    guard !flushRequested else { return }
    flushRequested = true
    loop.flushLater(self)
  }

  func flush() {
    flushRequested = false
    output.write(pending)
    pending.removeAll(keepingCapacity: pending.capacity <= Self.mostKeptBytes)
  }

  private static let mostKeptBytes = 16 * 1024
}

extension [UInt8] {
  /// Appends one line in the shape of the services' log lines.
  mutating func append(_ record: AccessRecord, timestamp: [UInt8]) {
    append("{\"time\":\"")
    append(contentsOf: timestamp)
    append("\",\"level\":\"")
    append(record.level)
    append("\",\"service\":\"edge\",\"message\":\"request\",\"request_id\":")
    append(json: record.requestID)
    append(",\"method\":\"")
    append(text: record.method.name)
    append("\",\"route\":")
    append(json: record.route ?? "")
    append(",\"status\":")
    append(decimal: record.status)
    append(",\"duration_us\":")
    append(decimal: Int(record.duration.nanosecondsSaturated / 1000))
    append(",\"bytes\":")
    append(decimal: record.responseBytes)
    if !record.tenant.isEmpty {
      append(",\"tenant\":")
      append(json: record.tenant)
    }
    if !record.subject.isEmpty {
      append(",\"user\":")
      append(json: record.subject)
    }
    if let code = record.errorCode {
      append(",\"error\":")
      append(json: code)
    }
    if record.suppressed > 0 {
      append(",\"suppressed\":")
      append(decimal: record.suppressed)
    }
    append("}\n")
  }
}

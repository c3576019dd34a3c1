public import Logging

/// swift-log's lines as JSON, one a message. Metadata is written as given: who logs must not hand it secrets or personal data.
public struct JSONLogHandler: LogHandler {
  public var metadata: Logger.Metadata = [:]
  public var metadataProvider: Logger.MetadataProvider?
  public var logLevel: Logger.Level = .info
  private let service: String
  private let output: LogOutput
  private let clock: WallClock

  /// - Parameter service: the name of the process, in every line.
  public init(service: String, output: LogOutput = .standardError, clock: WallClock = .system) {
    self.service = service
    self.output = output
    self.clock = clock
  }

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  public func log(event: LogEvent) {
    var text = LogLine(time: clock.now, level: Self.name(of: event.level))
    text.add("service", service)
    text.add("message", event.message.description)
    // Of an error only its type: what it carries may be personal.
    if let error = event.error { text.add("error", String(describing: type(of: error))) }
    let all = [metadataProvider?.get(), event.metadata].compactMap { $0 }
      .reduce(metadata) { $0.merging($1) { _, new in new } }
    for (name, value) in all.sorted(by: { $0.key < $1.key }) { text.add(dynamic: name, value.description) }
    output.write(text.finished())
  }

  private static func name(of level: Logger.Level) -> StaticString {
    switch level {
    case .trace: "trace"
    case .debug: "debug"
    case .info: "info"
    case .notice: "notice"
    case .warning: "warning"
    case .error: "error"
    case .critical: "critical"
    }
  }
}

internal import Synchronization

/// What a process measures about itself, as text for Prometheus or in OpenMetrics' form. Counters and histograms are asked for once, at
/// start, and kept by who adds to them; gauges are read when the page is.
public final class MetricsRegistry: Sendable {
  /// Names and values of a series, in the order they are printed.
  public typealias Labels = [(name: String, value: String)]

  private enum Source: Sendable {
    case counter(Counter)
    case histogram(LatencyHistogram)
    case gauge(@Sendable () -> Double)
    case total(@Sendable () -> Double)
  }

  private struct Series: Sendable {
    let labels: String
    let source: Source
  }

  private struct Family: Sendable {
    let name: String
    let help: String
    let type: StaticString
    var series: [Series] = []

    /// OpenMetrics names a counter without the `_total` that its samples end with.
    var openMetricsName: String {
      "\(type)" == "counter" && name.hasSuffix("_total") ? String(name.dropLast("_total".count)) : name
    }
  }

  private let families = Mutex<[Family]>([])
  private let common: Labels

  /// - Parameter common: labels that every series of the process carries, such as `service`.
  public init(common: [(name: String, value: String)] = []) {
    self.common = common
  }

  /// A number that only grows. By convention its name ends with `_total`.
  public func counter(_ name: String, _ help: String, _ labels: [(name: String, value: String)] = []) -> Counter {
    let counter = Counter()
    add(.counter(counter), name, help, "counter", labels)
    return counter
  }

  /// Durations. By convention its name ends with `_seconds`.
  public func histogram(
    _ name: String, _ help: String, _ labels: [(name: String, value: String)] = []
  ) -> LatencyHistogram {
    let histogram = LatencyHistogram()
    add(.histogram(histogram), name, help, "histogram", labels)
    return histogram
  }

  /// A number that goes up and down; `read` is called from any thread when the page is asked for and must not block.
  public func gauge(
    _ name: String, _ help: String, _ labels: [(name: String, value: String)] = [],
    read: @escaping @Sendable () -> Double
  ) {
    add(.gauge(read), name, help, "gauge", labels)
  }

  /// A number that only grows and is counted elsewhere; read like a gauge. By convention its name ends with `_total`.
  public func total(
    _ name: String, _ help: String, _ labels: [(name: String, value: String)] = [],
    read: @escaping @Sendable () -> Double
  ) {
    add(.total(read), name, help, "counter", labels)
  }

  private func add(
    _ source: Source, _ name: String, _ help: String, _ type: StaticString, _ labels: [(name: String, value: String)]
  ) {
    let series = Series(labels: Self.text(of: common + labels), source: source)
    families.withLock { families in
      if let index = families.firstIndex(where: { $0.name == name }) {
        families[index].series.append(series)
      } else {
        families.append(Family(name: name, help: help, type: type, series: [series]))
      }
    }
  }

  /// Everything as text.
  public func text(_ format: MetricsFormat = .prometheus) -> String {
    let families = families.withLock { $0 }
    var text = ""
    for family in families {
      let name = format == .openMetrics ? family.openMetricsName : family.name
      text += "# HELP \(name) \(family.help)\n# TYPE \(name) \(family.type)\n"
      for series in family.series { Self.print(series, of: family.name, in: format, to: &text) }
    }
    if format == .openMetrics { text += "# EOF\n" }
    return text
  }

  private static func print(_ series: Series, of name: String, in format: MetricsFormat, to text: inout String) {
    let labels = series.labels
    let set = labels.isEmpty ? "" : "{\(labels)}"
    switch series.source {
    case .counter(let counter):
      text += "\(name)\(set) \(counter.value)\n"
    case .gauge(let read), .total(let read):
      text += "\(name)\(set) \(read())\n"
    case .histogram(let histogram):
      let separator = labels.isEmpty ? "" : ","
      var sum: UInt64 = 0
      for (index, bucket) in histogram.buckets.enumerated() {
        sum += bucket.value
        var bound = index < LatencyHistogram.bounds.count ? "\(LatencyHistogram.bounds[index].seconds)" : "+Inf"
        // OpenMetrics wants every bound to look like a float.
        if format == .openMetrics, bound.allSatisfy(\.isNumber) { bound += ".0" }
        text += "\(name)_bucket{\(labels)\(separator)le=\"\(bound)\"} \(sum)\n"
      }
      text += "\(name)_sum\(set) \(Double(histogram.nanoseconds.value) / 1e9)\n"
      text += "\(name)_count\(set) \(sum)\n"
    }
  }

  private static func text(of labels: Labels) -> String {
    labels.map { "\($0.name)=\"\(escaped($0.value))\"" }.joined(separator: ",")
  }

  private static func escaped(_ value: String) -> String {
    value.reduce(into: "") { text, character in
      switch character {
      case "\\": text += "\\\\"
      case "\"": text += "\\\""
      case "\n": text += "\\n"
      default: text.append(character)
      }
    }
  }
}

/// How metrics are written.
public enum MetricsFormat: Sendable {
  /// Prometheus' text format 0.0.4.
  case prometheus
  /// OpenMetrics 1.0.
  case openMetrics

  /// The one that a scraper's `Accept` asks for.
  init(accept: String) {
    self = accept.lowercased().contains("application/openmetrics-text") ? .openMetrics : .prometheus
  }

  var contentType: String {
    switch self {
    case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
    case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
    }
  }
}

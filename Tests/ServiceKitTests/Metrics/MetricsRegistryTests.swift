import Testing

@testable import ServiceKit

@Suite("Metrics")
struct MetricsRegistryTests {
  @Test("are printed by family, with common labels first and values escaped")
  func text() {
    let registry = MetricsRegistry(common: [("service", "edge")])
    let first = registry.counter("requests_total", "Requests.", [("route", "/a"), ("status", "2xx")])
    let second = registry.counter("requests_total", "Requests.", [("route", "a\"b\\c\nd"), ("status", "5xx")])
    registry.gauge("loops", "Loops.") { 2 }
    first.add()
    first.add(2)
    second.add()
    #expect(
      registry.text() == """
        # HELP requests_total Requests.
        # TYPE requests_total counter
        requests_total{service="edge",route="/a",status="2xx"} 3
        requests_total{service="edge",route="a\\"b\\\\c\\nd",status="5xx"} 1
        # HELP loops Loops.
        # TYPE loops gauge
        loops{service="edge"} 2.0

        """)
  }

  @Test("histograms are cumulative, with sum and count")
  func histogram() {
    let registry = MetricsRegistry()
    let histogram = registry.histogram("latency_seconds", "Latency.")
    for nanoseconds: Int64 in [1, 50_000, 50_001, 20_000_000_000, -5] { histogram.record(nanoseconds) }
    let lines = registry.text().split(separator: "\n")
    #expect(lines.contains("latency_seconds_bucket{le=\"0.00005\"} 3"))
    #expect(lines.contains("latency_seconds_bucket{le=\"0.0001\"} 4"))
    #expect(lines.contains("latency_seconds_bucket{le=\"10\"} 4"))
    #expect(lines.contains("latency_seconds_bucket{le=\"+Inf\"} 5"))
    #expect(lines.contains("latency_seconds_count 5"))
    #expect(histogram.count == 5)
  }

  @Test("OpenMetrics names counters as it wants, whoever keeps them, and ends with its mark")
  func openMetrics() {
    let registry = MetricsRegistry()
    registry.total("turns_total", "Turns.") { 3 }
    registry.counter("calls_total", "Calls.").add()
    registry.histogram("latency_seconds", "Latency.").record(1)
    let text = registry.text(.openMetrics)
    #expect(
      text.hasPrefix(
        "# HELP turns Turns.\n# TYPE turns counter\nturns_total 3.0\n# HELP calls Calls.\n# TYPE calls counter\ncalls_total 1\n"
      ))
    #expect(text.contains("le=\"1.0\"") && text.contains("le=\"2.5\"") && text.contains("le=\"+Inf\""))
    #expect(text.hasSuffix("latency_seconds_count 1\n# EOF\n"))
    let plain = registry.text()
    #expect(plain.contains("# TYPE turns_total counter\nturns_total 3.0\n") && !plain.contains("EOF"))
  }

  @Test(
    "a scraper gets the form it asks for",
    arguments: [
      ("Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5", MetricsFormat.openMetrics),
      ("", .prometheus), ("accept: text/plain", .prometheus),
    ])
  func negotiation(_ accept: String, _ expected: MetricsFormat) {
    #expect(MetricsFormat(accept: accept) == expected)
  }

  @Test("additions from many tasks are all counted")
  func concurrent() async {
    let counter = Counter()
    await withTaskGroup { group in
      for _ in 0..<8 {
        group.addTask { for _ in 0..<10_000 { counter.add() } }
      }
    }
    #expect(counter.value == 80_000)
  }
}

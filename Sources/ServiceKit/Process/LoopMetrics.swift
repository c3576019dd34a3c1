package import Reactor

/// What the loops of a process tell of themselves.
package enum LoopMetrics {
  package static func register(_ group: EventLoopGroup, in registry: MetricsRegistry) {
    let budget = group.connectionBudget
    registry.gauge("cloudbill_reactor_connections", "Connections that were let in and are open.") {
      Double(budget.statistics().open)
    }
    registry.gauge(
      "cloudbill_reactor_connections_maximum", "Connections that may be open, from the limit of open files."
    ) {
      Double(budget.maximumConnections)
    }
    registry.gauge("cloudbill_reactor_idle_closed", "Idle connections closed to make room, since the start.") {
      Double(budget.statistics().closedIdle)
    }
    registry.gauge("cloudbill_reactor_refused", "New connections closed because no other was idle, since the start.") {
      Double(budget.statistics().refused)
    }
    registry.gauge("cloudbill_reactor_out_of_descriptors", "How often no descriptor was left, since the start.") {
      Double(budget.statistics().exhaustions)
    }
    for loop in group.loops {
      let labels = [(name: "loop", value: loop.name)]
      registry.gauge(
        "cloudbill_reactor_longest_turn_seconds", "The longest a loop has been away from its descriptors.", labels
      ) { loop.statistics().longestTurn.fractionalSeconds }
      registry.total("cloudbill_reactor_busy_seconds_total", "Time a loop has worked.", labels) {
        loop.statistics().busy.fractionalSeconds
      }
      registry.total("cloudbill_reactor_turns_total", "Turns of a loop that have ended.", labels) {
        Double(loop.statistics().turns)
      }
      registry.gauge("cloudbill_reactor_watches", "Descriptors a loop watches.", labels) {
        Double(loop.statistics().watches)
      }
      registry.gauge("cloudbill_reactor_timers", "Timers a loop holds.", labels) { Double(loop.statistics().timers) }
    }
  }
}

extension Duration {
  var fractionalSeconds: Double { Double(nanosecondsSaturated) / 1e9 }
  package var wholeMilliseconds: Int64 { nanosecondsSaturated / 1_000_000 }
}

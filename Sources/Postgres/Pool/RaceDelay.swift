/// The pause before a transaction that lost a race runs again: long enough for the winner to end, different for each loser.
enum RaceDelay {
  /// - Parameter losses: how often it has lost, from 1.
  static func after(_ losses: Int) -> Duration {
    .microseconds(Int64.random(in: 500...2_000) << min(losses, 6))
  }
}

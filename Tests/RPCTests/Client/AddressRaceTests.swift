import Testing

@testable import RPC

@Suite("The race of addresses")
struct AddressRaceTests {
  @Test("a silent address holds up the next one for the delay, a failed one not at all")
  func race() {
    var race = AddressRace(count: 3)
    #expect(race.proceed() == .connect(0))
    #expect(race.proceed() == .connect(1))
    #expect(race.failed() == .connect(2))
    #expect(race.proceed() == .wait)
    #expect(race.failed() == .wait)
    #expect(race.failed() == .lost)
  }

  @Test("every address is tried, whatever happens in which order")
  func everyAddress() {
    for count in 0...6 {
      // Each bit says whether the next event is a failure or the delay.
      for events in 0..<(1 << (2 * count)) {
        var race = AddressRace(count: count)
        var tried: [Int] = []
        var running = 0
        func note(_ action: AddressRace.Action) {
          if case .connect(let place) = action {
            tried.append(place)
            running += 1
          }
        }
        note(race.proceed())
        for bit in 0..<(2 * count) {
          if events >> bit & 1 == 1, running > 0 {
            running -= 1
            note(race.failed())
          } else {
            note(race.proceed())
          }
        }
        while running > 0 {
          running -= 1
          note(race.failed())
        }
        #expect(tried == Array(0..<count))
        #expect(race.proceed() == .lost)
      }
    }
  }
}

import Testing

@testable import Edge

@Suite("A cache keyed by bytes")
struct ByteKeyedCacheTests {
  private func key(_ text: String) -> ArraySlice<UInt8> { Array("-\(text)-".utf8)[1..<text.utf8.count + 1] }

  @Test("finds exactly what was put in")
  func exact() {
    var cache = ByteKeyedCache<Int>(capacity: 10)
    cache.insert(1, for: key("a"))
    cache.insert(2, for: key("ab"))
    cache.insert(3, for: key("a"))
    #expect(cache.value(for: key("a")) == 3)
    #expect(cache.value(for: key("ab")) == 2)
    #expect(cache.value(for: key("abc")) == nil)
    cache.remove(key("a"))
    #expect(cache.value(for: key("a")) == nil)
    #expect(cache.count == 1)
  }

  @Test("never grows past its capacity and keeps what is used")
  func bounded() {
    var cache = ByteKeyedCache<Int>(capacity: 100)
    cache.insert(-1, for: key("used"))
    for number in 0..<10_000 {
      cache.insert(number, for: key("\(number)"))
      #expect(cache.count <= 100)
      if number % 20 == 0 { #expect(cache.value(for: key("used")) == -1) }
    }
    #expect(cache.value(for: key("9999")) == 9999)
    #expect(cache.value(for: key("1")) == nil)
  }
}

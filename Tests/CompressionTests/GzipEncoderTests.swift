import Compression
import Foundation
import TestSupport
import Testing

@Suite("Gzip")
struct GzipEncoderTests {
  @Test("what is compressed is read by gzip itself, however often the encoder is used", arguments: [1, 6, 9])
  func readByGzip(level: Int) throws {
    let encoder = try #require(GzipEncoder(level: level))
    for text in ["{\"a\":1}" + String(repeating: " ", count: 5000), String(repeating: "äöü", count: 100_000)] {
      let compressed = try #require(encoder.compress(Array(text.utf8)))
      #expect(compressed.count < text.utf8.count / 10)
      let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString + ".gz")
      defer { try? FileManager.default.removeItem(at: file) }
      try Data(compressed).write(to: file)
      let result = try runProcess("gzip", ["-dc", file.path])
      #expect(result.status == 0 && result.outputText == text)
    }
  }

  @Test("what would not become smaller is left alone")
  func incompressible() throws {
    let encoder = try #require(GzipEncoder(level: 1))
    var generator = SystemRandomNumberGenerator()
    #expect(encoder.compress((0..<10_000).map { _ in UInt8.random(in: .min ... .max, using: &generator) }) == nil)
    #expect(encoder.compress([]) == nil && encoder.compress([1]) == nil)
    // It is as good as new afterwards.
    #expect(encoder.compress([UInt8](repeating: 0, count: 1000)) != nil)
  }
}

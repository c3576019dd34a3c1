import HTTP2
import Testing

@Suite("Header fields")
struct HeaderFieldsTests {
  @Test("keep order and repetition, find the first")
  func order() {
    var fields = HeaderFields(["a": "1", "b": "2"])
    fields.append("a", "3")
    #expect(fields.count == 3)
    #expect(fields["a"] == "1")
    #expect(fields.values(of: "a") == ["1", "3"])
    #expect(fields["c"] == nil)
    #expect(fields.map { "\($0.name)=\($0.value)" } == ["a=1", "b=2", "a=3"])
  }

  @Test("tell names with the same beginning or length apart")
  func names() {
    let fields = HeaderFields(["ab": "1", "abc": "2", "abd": "3", "": "4"])
    #expect(fields["abc"] == "2")
    #expect(fields["abd"] == "3")
    #expect(fields["ab"] == "1")
    #expect(fields[""] == "4")
    #expect(fields["a"] == nil)
  }

  @Test("take any bytes as a value")
  func bytes() {
    var fields = HeaderFields()
    fields.append("x-bin", [0, 255, 10, 13])
    #expect(fields.withValue(of: "x-bin") { [UInt8]($0) } == [0, 255, 10, 13])
    fields.append("x-empty", [UInt8]())
    #expect(fields["x-empty"] == "")
  }

  @Test("count as RFC 9113 counts them")
  func size() {
    #expect(HeaderFields().listSize == 0)
    #expect(HeaderFields(["name": "value"]).listSize == 4 + 5 + 32)
    #expect(HeaderFields(["name": "value", "": ""]).listSize == 41 + 32)
  }

  @Test("can be emptied and joined")
  func joined() {
    var fields = HeaderFields(["a": "1"])
    fields.append(contentsOf: HeaderFields(["b": "2", "c": "3"]))
    #expect(fields.count == 3)
    #expect(fields["c"] == "3")
    fields.removeAll(keepingCapacity: true)
    #expect(fields.isEmpty)
    #expect(fields["a"] == nil)
    #expect(fields == HeaderFields())
  }
}

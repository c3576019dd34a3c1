/// The header block that is arriving, field by field, in memory that is used again for the next one.
///
/// Plain memory rather than an array: it is written for every field of every request, and this way a field costs two copies and nothing else.
// @exclusivity(unchecked): the session's thread alone uses it, and nothing is called while a field is changed.
final class ArrivingFields {
  @exclusivity(unchecked) private var memory: UnsafeMutableRawPointer
  @exclusivity(unchecked) private var capacity: Int
  @exclusivity(unchecked) private var used = 0
  @exclusivity(unchecked) private var count = 0

  init(capacity: Int = 2048) {
    self.capacity = capacity
    memory = .allocate(byteCount: capacity, alignment: 16)
  }

  deinit { memory.deallocate() }

  func removeAll() {
    used = 0
    count = 0
  }

  /// The caller bounds what is appended.
  func append(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
    let end = used + HeaderFields.prefixByteCount + name.count + value.count
    if end > capacity { grow(to: end) }
    HeaderFields.write(name: name, value: value, to: memory + used)
    used = end
    count += 1
  }

  private func grow(to byteCount: Int) {
    let larger = UnsafeMutableRawPointer.allocate(byteCount: max(2 * capacity, byteCount), alignment: 16)
    larger.copyMemory(from: memory, byteCount: used)
    memory.deallocate()
    memory = larger
    capacity = max(2 * capacity, byteCount)
  }

  /// What has arrived, copied.
  func fields() -> HeaderFields {
    HeaderFields(records: UnsafeRawBufferPointer(start: memory, count: used), count: count)
  }
}

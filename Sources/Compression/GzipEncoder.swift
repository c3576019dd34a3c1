internal import CZlib

/// Compresses with gzip (RFC 1952), by zlib. One encoder is used again and again: making its 256 KiB of state costs more than most texts do.
///
/// Not to be used by two threads at a time.
public final class GzipEncoder {
  private let stream: UnsafeMutablePointer<z_stream>

  /// - Parameter level: from 1, the fastest, to 9.
  /// - Returns: nil when there is no memory for it.
  public init?(level: Int) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    guard cz_begin_gzip(stream, Int32(min(max(level, 1), 9))) == Z_OK else {
      stream.deinitialize(count: 1)
      stream.deallocate()
      return nil
    }
  }

  deinit {
    deflateEnd(stream)
    stream.deinitialize(count: 1)
    stream.deallocate()
  }

  /// The compressed bytes; nil when they would be no fewer than the given ones.
  public func compress(_ bytes: [UInt8]) -> [UInt8]? {
    guard !bytes.isEmpty, bytes.count <= Int(UInt32.max), deflateReset(stream) == Z_OK else { return nil }
    let output = [UInt8](unsafeUninitializedCapacity: bytes.count) { output, count in
      bytes.withUnsafeBufferPointer { input in
        // zlib takes a mutable pointer and does not write through it.
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.pointee.avail_in = UInt32(input.count)
        stream.pointee.next_out = output.baseAddress
        stream.pointee.avail_out = UInt32(output.count)
        count = deflate(stream, Z_FINISH) == Z_STREAM_END ? output.count - Int(stream.pointee.avail_out) : 0
      }
    }
    return output.isEmpty || output.count >= bytes.count ? nil : output
  }
}

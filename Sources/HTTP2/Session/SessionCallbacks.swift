internal import CNghttp2
internal import Reactor

/// Between nghttp2's C callbacks and a session: finds the session, calls its method, nothing else.
enum SessionCallbacks {
  static let ok: Int32 = 0
  static let stop = NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
  static let refuseStream = NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue

  static func makeEngine(
    role: HTTP2Session.Role, limits: HTTP2Limits, memory: HTTP2Memory?
  ) -> OpaquePointer? {
    var callbacks: OpaquePointer?
    var options: OpaquePointer?
    guard nghttp2_session_callbacks_new(&callbacks) == 0, nghttp2_option_new(&options) == 0 else { return nil }
    defer {
      nghttp2_session_callbacks_del(callbacks)
      nghttp2_option_del(options)
    }
    register(callbacks)
    // Windows are given back when bytes are consumed, so that a slow reader stops a fast writer.
    nghttp2_option_set_no_auto_window_update(options, 1)
    nghttp2_option_set_no_closed_streams(options, 1)
    // The engine counts a frame once for each read that its nine bytes of header arrive in. `FrameObserver` counts frames.
    nghttp2_option_set_max_continuations(options, 9 * (limits.continuations + 1))
    nghttp2_option_set_max_settings(options, 32)
    nghttp2_option_set_max_outbound_ack(options, 1000)
    // gRPC servers built on its C core send the message of a status as it is, spaces at its ends included.
    if role == .client { nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(options, 1) }
    nghttp2_option_set_max_send_header_block_length(options, 64 * 1024)
    // Our own meter counts, which knows the resets that are no abuse.
    nghttp2_option_set_stream_reset_rate_limit(options, UInt64(Int64.max), UInt64(Int64.max))
    var engine: OpaquePointer?
    // Copied by the engine; the session keeps the memory behind it.
    let functions = memory?.engineFunctions
    let code = withUnsafeTemporaryAllocation(of: nghttp2_mem.self, capacity: 1) { place in
      var place = place.baseAddress
      if let functions { place?.initialize(to: functions) } else { place = nil }
      return switch role {
      case .server: nghttp2_session_server_new3(&engine, callbacks, nil, options, place)
      case .client: nghttp2_session_client_new3(&engine, callbacks, nil, options, place)
      }
    }
    return code == 0 ? engine : nil
  }

  /// The engine lives no longer than the session, which owns it; so an unretained pointer is enough.
  static func attach(_ session: HTTP2Session, to engine: OpaquePointer) {
    nghttp2_session_set_user_data(engine, Unmanaged.passUnretained(session).toOpaque())
  }

  private static func register(_ callbacks: OpaquePointer?) {
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks) { _, header, context in
      withSession(context) { $0.frameBegins(header.unsafelyUnwrapped.pointee) }
    }
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, context in
      withSession(context) { $0.fieldsBegin(frame.unsafelyUnwrapped.pointee) }
    }
    nghttp2_session_callbacks_set_on_header_callback(callbacks) {
      _, _, name, nameLength, value, valueLength, _, context in
      withSession(context) {
        $0.field(
          name: UnsafeRawBufferPointer(start: name, count: nameLength),
          value: UnsafeRawBufferPointer(start: value, count: valueLength))
      }
    }
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, context in
      withSession(context) { $0.frameArrived(frame.unsafelyUnwrapped.pointee) }
    }
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, id, bytes, count, context in
      withSession(context) { $0.dataArrived(UnsafeRawBufferPointer(start: bytes, count: count), streamID: id) }
    }
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, id, code, context in
      withSession(context) { $0.streamClosed(id, code: HTTP2ErrorCode(rawValue: code)) }
    }
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks) { _, frame, error, context in
      withSession(context) { $0.frameNotSent(frame.unsafelyUnwrapped.pointee, error: error) }
    }
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { _, frame, context in
      withSession(context) { $0.frameSent(frame.unsafelyUnwrapped.pointee) }
    }
  }
}

/// Calls the session behind the pointer that `attach` gave to the engine, and stops the engine once the session was abandoned.
///
/// The reference is not retained: the engine calls back only from within `receive` and `nextOutput`, whose caller holds the session.
/// A free function, so that the closures above capture nothing and become C function pointers.
@inline(__always)
private func withSession(_ context: UnsafeMutableRawPointer?, _ body: (HTTP2Session) -> Int32) -> Int32 {
  Unmanaged<HTTP2Session>.fromOpaque(context.unsafelyUnwrapped)._withUnsafeGuaranteedRef { session in
    guard !session.isAbandoned else { return SessionCallbacks.stop }
    let code = body(session)
    return session.isAbandoned ? SessionCallbacks.stop : code
  }
}

internal import CNghttp2
internal import Reactor

/// Between nghttp2's C callbacks and a session: finds the session, calls its method, nothing else.
enum SessionCallbacks {
  static let ok: Int32 = 0
  static let refuseStream = NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue

  static func makeEngine(role: HTTP2Session.Role, limits: HTTP2Limits) -> OpaquePointer? {
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
    nghttp2_option_set_max_continuations(options, limits.continuations)
    nghttp2_option_set_max_settings(options, 32)
    nghttp2_option_set_max_outbound_ack(options, 1000)
    nghttp2_option_set_max_send_header_block_length(options, 64 * 1024)
    // Our own meter speaks first (it answers ENHANCE_YOUR_CALM); this one is the net below it.
    nghttp2_option_set_stream_reset_rate_limit(
      options, UInt64(limits.resetBurst) * 2, UInt64(limits.resetsPerSecond) * 2)
    var engine: OpaquePointer?
    let code =
      switch role {
      case .server: nghttp2_session_server_new2(&engine, callbacks, nil, options)
      case .client: nghttp2_session_client_new2(&engine, callbacks, nil, options)
      }
    return code == 0 ? engine : nil
  }

  /// The engine lives no longer than the session, which owns it; so an unretained pointer is enough.
  static func attach(_ session: HTTP2Session, to engine: OpaquePointer) {
    nghttp2_session_set_user_data(engine, Unmanaged.passUnretained(session).toOpaque())
  }

  private static func register(_ callbacks: OpaquePointer?) {
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
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, flags, id, bytes, count, context in
      withSession(context) {
        $0.dataArrived(UnsafeRawBufferPointer(start: bytes, count: count), flags: flags, streamID: id)
      }
    }
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, id, code, context in
      withSession(context) { $0.streamClosed(id, code: HTTP2ErrorCode(rawValue: code)) }
    }
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks) { _, frame, _, context in
      withSession(context) { $0.frameNotSent(frame.unsafelyUnwrapped.pointee) }
    }
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks) { _, _, _, context in
      withSession(context) { $0.countIdleFrame() }
      return 0
    }
  }
}

/// The session behind the pointer that `attach` gave to the engine.
@inline(__always)
private func withSession<R>(_ context: UnsafeMutableRawPointer?, _ body: (HTTP2Session) -> R) -> R {
  Unmanaged<HTTP2Session>.fromOpaque(context.unsafelyUnwrapped)._withUnsafeGuaranteedRef(body)
}

/// What a session does with the engine's events.
extension HTTP2Session {
  func fieldsBegin(_ frame: nghttp2_frame) -> Int32 {
    arriving.removeAll(keepingCapacity: true)
    arrivingListSize = 0
    switch frame.headers.cat {
    case NGHTTP2_HCAT_REQUEST:
      arrivingKind = .request
      accept(id: frame.hd.stream_id)
    case NGHTTP2_HCAT_RESPONSE:
      arrivingKind = .response
    case NGHTTP2_HCAT_HEADERS:
      arrivingKind = .trailers
    default:
      arrivingKind = .ignored
    }
    return SessionCallbacks.ok
  }

  func field(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) -> Int32 {
    arrivingListSize += name.count + value.count + 32
    guard arrivingListSize > limits.headerListByteCount else {
      arriving.append(name: name, value: value)
      return SessionCallbacks.ok
    }
    // Decoding goes on for a while, because HPACK's state must stay in step; a peer that sends many times the limit means harm.
    if arrivingListSize > 16 * limits.headerListByteCount {
      terminate(.enhanceYourCalm)
      return SessionCallbacks.refuseStream
    }
    return SessionCallbacks.ok
  }

  func frameArrived(_ frame: nghttp2_frame) -> Int32 {
    let endsStream = frame.hd.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
    switch nghttp2_frame_type(rawValue: UInt32(frame.hd.type)) {
    case NGHTTP2_HEADERS:
      fieldsArrived(streamID: frame.hd.stream_id, endsStream: endsStream)
    case NGHTTP2_DATA:
      if frame.hd.length == 0 { countIdleFrame() }
      if endsStream { stream(frame.hd.stream_id)?.peerEnded() }
    case NGHTTP2_SETTINGS:
      if frame.hd.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) == 0 {
        countIdleFrame()
        delegate?.settingsReceived()
      }
    case NGHTTP2_PING:
      if frame.hd.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0 {
        delegate?.pingAcknowledged()
      } else {
        countIdleFrame()
      }
    case NGHTTP2_GOAWAY:
      goAwayArrived(
        lastStreamID: frame.goaway.last_stream_id, code: HTTP2ErrorCode(rawValue: frame.goaway.error_code))
    case NGHTTP2_RST_STREAM:
      if role == .server { countReset() }
    case NGHTTP2_WINDOW_UPDATE:
      // A peer that reads fast sends many of these: only those while nothing is being sent are idle.
      if streams.isEmpty { countIdleFrame() }
    default:
      countIdleFrame()
    }
    return SessionCallbacks.ok
  }

  private func fieldsArrived(streamID: Int32, endsStream: Bool) {
    guard let stream = stream(streamID) else { return }
    let tooLarge = arrivingListSize > limits.headerListByteCount
    switch arrivingKind {
    case .request:
      if tooLarge {
        stream.sendHeaders(Self.fieldsTooLarge, endsStream: true)
        delegate?.requestTooLarge(stream)
      } else {
        delegate?.request(stream, fields: arriving, endsStream: endsStream)
      }
    case .response:
      if tooLarge { return stream.reset(.cancel) }
      // A 1xx response is followed by another block of the same stream, which nghttp2 announces as HEADERS.
      if arriving.isInformational { return }
      stream.delegate?.response(arriving, endsStream: endsStream, on: stream)
    case .trailers:
      if tooLarge { return stream.reset(.cancel) }
      if arriving.hasStatus {
        if arriving.isInformational { return }
        stream.delegate?.response(arriving, endsStream: endsStream, on: stream)
      } else {
        stream.delegate?.trailers(arriving, on: stream)
      }
    case .ignored:
      return
    }
    if endsStream { stream.peerEnded() }
  }

  static let fieldsTooLarge = PreparedFields([":status": "431", "content-length": "0"])

  func dataArrived(_ bytes: UnsafeRawBufferPointer, flags: UInt8, streamID: Int32) -> Int32 {
    // The connection's window is renewed at once; what bounds the buffers is each stream's own window.
    nghttp2_session_consume_connection(engine, bytes.count)
    guard let stream = stream(streamID), let delegate = stream.delegate else {
      nghttp2_session_consume_stream(engine, streamID, bytes.count)
      return SessionCallbacks.ok
    }
    let ends = flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
    delegate.received(bytes.bytes, endsStream: ends, on: stream)
    return SessionCallbacks.ok
  }

  func streamClosed(_ id: Int32, code: HTTP2ErrorCode) -> Int32 {
    if let stream = stream(id) { forget(stream, code: code) }
    return SessionCallbacks.ok
  }

  /// A request that waited in the engine and will never be sent.
  func frameNotSent(_ frame: nghttp2_frame) -> Int32 {
    if role == .client, nghttp2_frame_type(rawValue: UInt32(frame.hd.type)) == NGHTTP2_HEADERS,
      frame.headers.cat == NGHTTP2_HCAT_REQUEST, let stream = streams.first(where: { $0.id == frame.hd.stream_id })
    {
      forget(stream, code: .refusedStream)
    }
    return SessionCallbacks.ok
  }
}

extension HeaderFields {
  var hasStatus: Bool { withValue(of: ":status") { _ in true } ?? false }

  var isInformational: Bool { withValue(of: ":status") { $0.first == UInt8(ascii: "1") } ?? false }
}

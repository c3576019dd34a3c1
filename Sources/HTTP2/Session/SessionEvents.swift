internal import CNghttp2
internal import Reactor

/// What a session does with the engine's events.
extension HTTP2Session {
  func frameBegins(_ header: nghttp2_frame_hd) -> Int32 {
    switch nghttp2_frame_type(rawValue: UInt32(header.type)) {
    case NGHTTP2_SETTINGS: windowsBeforeSettings = peerWindows()
    case NGHTTP2_HEADERS:
      guard role == .server else { break }
      // The engine lets such a block pass unseen (RFC 9113 §5.1.1).
      if skipped.contains(header.stream_id) { terminate(.protocolError) }
      // Here, because a stream that is refused has been opened, too: more of it may be on its way.
      skipped.opened(header.stream_id)
    default: break
    }
    return SessionCallbacks.ok
  }

  private func peerWindows() -> PeerWindows {
    PeerWindows(
      initial: Int(nghttp2_session_get_remote_settings(engine, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE)),
      largest: streams.reduce(0) { max($0, Int(nghttp2_session_get_stream_remote_window_size(engine, $1.id))) })
  }

  func fieldsBegin(_ frame: nghttp2_frame) -> Int32 {
    progress &+= 1
    arriving.removeAll()
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
      deliverData(endsStream: endsStream)
      if endsStream, !isAbandoned { stream(frame.hd.stream_id)?.peerEnded() }
    case NGHTTP2_SETTINGS:
      guard frame.hd.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) == 0 else { break }
      // The engine would only reset the streams whose window it is (RFC 9113 §6.9.2).
      if windowsBeforeSettings.overflow(whenInitialBecomes: peerWindows().initial) { terminate(.flowControlError) }
      delegate?.settingsReceived()
    case NGHTTP2_PING:
      if frame.hd.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0 { delegate?.pingAcknowledged() }
    case NGHTTP2_GOAWAY:
      goAwayArrived(
        lastStreamID: frame.goaway.last_stream_id, code: HTTP2ErrorCode(rawValue: frame.goaway.error_code))
    case NGHTTP2_RST_STREAM:
      if role == .server { resetArrived(on: frame.hd.stream_id) }
    default:
      break
    }
    return SessionCallbacks.ok
  }

  private func fieldsArrived(streamID: Int32, endsStream: Bool) {
    guard arrivingKind != .ignored, terminated == nil, let stream = stream(streamID) else { return }
    guard arrivingListSize <= limits.headerListByteCount else {
      return fieldsTooLarge(stream, endsStream: endsStream)
    }
    if arrivingKind == .request { stream.requestArrived(byteCount: arrivingListSize, endsStream: endsStream) }
    let fields = arriving.fields()
    switch arrivingKind {
    case .request:
      delegate?.request(stream, fields: fields, endsStream: endsStream)
    case .trailers where !fields.hasStatus:
      stream.delegate?.trailers(fields, on: stream)
    case .response, .trailers:
      // A 1xx response is followed by another block of the same stream, which nghttp2 announces as HEADERS.
      if fields.isInformational { return }
      stream.delegate?.response(fields, endsStream: endsStream, on: stream)
    case .ignored:
      return
    }
    if endsStream { stream.peerEnded() }
  }

  private func fieldsTooLarge(_ stream: HTTP2Stream, endsStream: Bool) {
    guard arrivingKind == .request else {
      stream.isFieldLimitExceeded = true
      if role == .server { countReset() }
      return stream.reset(.cancel)
    }
    stream.requestArrived(byteCount: 0, endsStream: endsStream)
    stream.sendHeaders(Self.fieldsTooLarge, endsStream: true)
    // The rest of the request is not waited for.
    if !endsStream { stream.resetAfterOutput() }
    delegate?.requestTooLarge(stream)
  }

  static let fieldsTooLarge = PreparedFields([":status": "431", "content-length": "0"])

  func dataArrived(_ bytes: UnsafeRawBufferPointer, streamID: Int32) -> Int32 {
    progress &+= 1
    // The connection's window is renewed at once; what bounds the buffers is each stream's own window.
    nghttp2_session_consume_connection(engine, bytes.count)
    keepData(bytes, streamID: streamID)
    return SessionCallbacks.ok
  }

  func streamClosed(_ id: Int32, code: HTTP2ErrorCode) -> Int32 {
    guard let stream = stream(id) else { return SessionCallbacks.ok }
    // What each side has ended in order; not a reset without an error, which may have been provoked.
    if code == .noError, stream.hasPeerEnded, !stream.isResetByUs { resetEarned() }
    forget(stream, code: code)
    return SessionCallbacks.ok
  }

  func frameSent(_ frame: nghttp2_frame) -> Int32 {
    switch nghttp2_frame_type(rawValue: UInt32(frame.hd.type)) {
    case NGHTTP2_GOAWAY:
      // The engine ends a session by itself where the peer breaks the rules of the connection; its GOAWAY says why.
      if frame.goaway.error_code != 0 { noteTermination(HTTP2ErrorCode(rawValue: frame.goaway.error_code)) }
    case NGHTTP2_RST_STREAM:
      // The engine resets a stream by itself where the peer breaks the rules of the stream: as cheap for the peer as a reset of its own.
      // Streams over the limit are among them. One that waits to be sent still counts as open, so that there are never many.
      if role == .server, stream(frame.hd.stream_id)?.isResetByUs != true { countReset() }
    case NGHTTP2_HEADERS where role == .client:
      stream(frame.hd.stream_id)?.hasLeft = true
    default:
      break
    }
    return SessionCallbacks.ok
  }

  /// HEADERS that will never be sent: a request that waited for its turn in vain, or a list too long for the engine.
  func frameNotSent(_ frame: nghttp2_frame, error: Int32) -> Int32 {
    guard nghttp2_frame_type(rawValue: UInt32(frame.hd.type)) == NGHTTP2_HEADERS else { return SessionCallbacks.ok }
    if role == .client, frame.headers.cat == NGHTTP2_HCAT_REQUEST {
      if let stream = streams.first(where: { $0.id == frame.hd.stream_id }) {
        stream.isFieldLimitExceeded = error == NGHTTP2_ERR_FRAME_SIZE_ERROR.rawValue
        forget(stream, code: .refusedStream)
      }
    } else if let stream = stream(frame.hd.stream_id) {
      stream.isFieldLimitExceeded = error == NGHTTP2_ERR_FRAME_SIZE_ERROR.rawValue
      stream.reset(.internalError)
    }
    return SessionCallbacks.ok
  }
}

extension HeaderFields {
  var hasStatus: Bool { withValue(of: ":status") { _ in true } ?? false }

  var isInformational: Bool { withValue(of: ":status") { $0.first == UInt8(ascii: "1") } ?? false }
}

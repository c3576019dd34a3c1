internal import HTTP2
internal import Reactor

/// A connection to one address of a channel, on one loop: does what `Subchannel` decides and tells the channel what happens. Loop-bound.
final class SubchannelConnection: HTTP2ConnectionDelegate {
  let address: SocketAddress
  /// The fields that all requests to this address share.
  let constantFields: HeaderFields
  private let channel: LoopChannel
  private(set) var subchannel: Subchannel
  /// The connection whose calls are the channel's; nil before there is one and while there is none.
  @exclusivity(unchecked) private(set) var connection: HTTP2Connection?
  private var timer: Timer?
  /// Numbers the attempts to connect, so that the end of one that was dropped is not taken for the end of a later one.
  private var attempt = 0
  private var isRetired = false

  init(channel: LoopChannel, address: SocketAddress, authority: String) {
    self.channel = channel
    self.address = address
    constantFields = RequestFields.constant(authority: authority, userAgent: channel.configuration.userAgent)
    subchannel = Subchannel(
      backoff: Backoff(initial: channel.configuration.initialBackoff, maximum: channel.configuration.maximumBackoff))
  }

  /// Whether it takes another call now.
  @inline(__always)
  var takesCalls: Bool { (connection?.availableStreams ?? 0) > 0 }

  /// Calls under way; nil when it takes no more.
  var load: Int? { takesCalls ? connection?.session.streamCount : nil }

  /// A call wants a connection.
  func wanted() { perform(subchannel.wanted(now: channel.loop.now)) }

  /// Ends in order: calls that run finish, nothing is begun again.
  func retire() {
    isRetired = true
    drop()
    connection?.drain()
    connection = nil
    if let timer { channel.loop.cancel(timer) }
    timer = nil
  }

  /// Gives up an attempt to connect that is not needed any more.
  func drop() {
    guard subchannel.state == .connecting else { return }
    subchannel.attemptDropped()
    attempt += 1
    let connection = connection.take()
    connection?.close()
  }

  private func perform(_ action: Subchannel.Action) {
    switch action {
    case .none: break
    case .connect: connect()
    case .wait(let time):
      timer = channel.loop.schedule(after: time) { [weak self] in
        guard let self else { return }
        timer = nil
        subchannel.waitOver()
        channel.waitOver(self)
      }
    }
  }

  private func connect() {
    attempt += 1
    let number = attempt
    TCPConnection.connect(loop: channel.loop, address: address, timeout: channel.configuration.connectTimeout) {
      [weak self] result in
      guard let self, number == attempt, !isRetired else {
        if case .success(let tcp) = result { tcp.close() }
        return
      }
      connected(result)
    }
  }

  private func connected(_ result: Result<TCPConnection, ReactorError>) {
    switch result {
    case .failure(let error): failed("the server cannot be reached: \(error)")
    case .success(let tcp):
      do throws(HTTP2Error) {
        var limits = channel.configuration.connectionLimits
        limits.handshakeTimeout = min(limits.handshakeTimeout, channel.configuration.connectTimeout)
        connection = try HTTP2Connection(client: tcp, limits: limits, memory: channel.memory, delegate: self)
      } catch {
        tcp.close()
        failed("out of memory")
      }
    }
  }

  private func failed(_ reason: String) {
    perform(subchannel.attemptFailed(reason, chance: .random(in: 0...1)))
    channel.attemptFailed(self)
  }

  // MARK: - What the connection tells

  func ready(_ connection: HTTP2Connection) {
    guard connection === self.connection else { return }
    subchannel.becameReady()
    channel.becameReady(self)
  }

  func settingsChanged(_ connection: HTTP2Connection) {
    if connection === self.connection { channel.capacityGrew() }
  }

  func streamClosed(on connection: HTTP2Connection) {
    if connection === self.connection { channel.capacityGrew() }
  }

  func goAwayReceived(lastStreamID: Int32, code: HTTP2ErrorCode, on connection: HTTP2Connection) {
    ended(connection, inOrder: code == .noError, "the server goes away: \(code)")
    connection.drain()
  }

  func closed(_ connection: HTTP2Connection, reason: HTTP2CloseReason) {
    let text =
      switch reason {
      case .notHTTP2: "the server does not speak HTTP/2"
      case .handshakeTimeout: "the server has not spoken HTTP/2 in time"
      case .protocolError(let code): "the connection was ended: \(code)"
      default: "the connection was lost"
      }
    ended(connection, inOrder: reason == .orderly, text)
  }

  /// The connection takes no more calls.
  func ended(_ connection: HTTP2Connection, inOrder: Bool, _ reason: String) {
    guard connection === self.connection else { return }
    self.connection = nil
    if subchannel.state == .connecting {
      failed(reason)
    } else {
      subchannel.ended(inOrder: inOrder, now: channel.loop.now)
      channel.ended(self)
    }
  }
}

import Reactor

@testable import Edge

/// The edge's connections on a real loop and port, with a handler that says back what it was asked.
final class LiveConnections {
  let port: UInt16
  private let group: EventLoopGroup
  private let edge: LoopBound<EdgeLoop>
  private let handler: LoopBound<SayingBack>

  init(limits: EdgeLimits = EdgeLimits()) async throws {
    group = try EventLoopGroup(count: 1, name: "edge-test")
    let loop = group.loops[0]
    let (edge, handler, port) = try await withCheckedThrowingContinuation {
      (done: CheckedContinuation<(LoopBound<EdgeLoop>, LoopBound<SayingBack>, UInt16), any Error>) in
      loop.execute {
        let handler = SayingBack(loop: loop)
        let edge = EdgeLoop(loop: loop, limits: limits, handler: handler)
        done.resume(
          with: Result {
            let address = try edge.listen(on: SocketAddress(host: "127.0.0.1", port: 0))
            return (LoopBound(edge, loop: loop), LoopBound(handler, loop: loop), address.port ?? 0)
          })
      }
    }
    self.edge = edge
    self.handler = handler
    self.port = port
  }

  func onLoop<Value: Sendable>(_ body: @escaping @Sendable (EdgeLoop) -> Value) async -> Value {
    let edge = edge
    return await withCheckedContinuation { done in edge.loop.execute { done.resume(returning: body(edge.value)) } }
  }

  /// Has the loop run `body`, without waiting for it.
  func begin(_ body: @escaping @Sendable (EdgeLoop) -> Void) {
    let edge = edge
    edge.loop.execute { body(edge.value) }
  }

  /// Waits until a request is held.
  func untilHolding() async {
    let handler = handler
    while await onLoop({ _ in handler.value.holding }) == 0 { await Task.yield() }
  }

  /// What has begun to be answered, in that order.
  var begun: [String] {
    get async {
      let handler = handler
      return await onLoop { _ in handler.value.begun }
    }
  }

  /// Waits until so many connections are open.
  func untilOpen(_ count: Int) async {
    while await onLoop({ $0.openConnections }) != count { await Task.yield() }
  }

  func release() async {
    let handler = handler
    await onLoop { _ in handler.value.release() }
  }

  deinit {
    let edge = edge
    edge.loop.execute { edge.value.closeAll() }
    group.stop()
  }
}

/// Answers with what it was asked; `?wait=MILLISECONDS` answers later, `?hold` when it is released, `?ignore` without its body,
/// `?bytes=COUNT` at length.
final class SayingBack: RequestHandler {
  private let loop: EventLoop
  private var held: [CheckedContinuation<Void, Never>] = []
  private(set) var begun: [String] = []
  /// Requests that wait to be released.
  var holding: Int { held.count }

  init(loop: EventLoop) {
    self.loop = loop
  }

  func answer(_ head: HTTPRequestHead, _ body: RequestBody?, from peer: SocketAddress) async -> HTTPResponse {
    var text = "\(head.method.name) \(head.text(head.path))"
    begun.append(text)
    let query = head.query.map(head.text)?.split(separator: "=") ?? []
    switch query.first {
    case "hold": await withCheckedContinuation { held.append($0) }
    case "wait": try? await loop.sleep(for: .milliseconds(Int(query[1]) ?? 0))
    case "bytes": text = String(repeating: "x", count: Int(query[1]) ?? 0)
    case "ignore": return HTTPResponse(200, requestID: [], body: Array(text.utf8))
    default: break
    }
    do throws(HTTPRejection) {
      if let bytes = try await body?.whole() { text += " \(bytes.count)" }
    } catch {
      return answer(error, from: peer)
    }
    return HTTPResponse(200, requestID: [], body: Array(text.utf8))
  }

  func release() {
    let released = held
    held = []
    for continuation in released { continuation.resume() }
  }

  func answer(_ rejection: HTTPRejection, from peer: SocketAddress) -> HTTPResponse {
    Envelope.response(ErrorAnswer(rejection), timestamp: [], requestID: [])
  }
}

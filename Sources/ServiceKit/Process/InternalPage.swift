package import Reactor

/// The page of metrics and health, as something that can be held off its loop.
package struct InternalPage: Sendable {
  private let page: LoopBound<MetricsPage>
  package let address: SocketAddress

  package static func start(
    on address: SocketAddress, loop: EventLoop, registry: MetricsRegistry, isHealthy: @escaping @Sendable () -> Bool
  ) async throws(ReactorError) -> InternalPage {
    let result: Result<InternalPage, ReactorError> = await Task(executorPreference: loop) {
      do throws(ReactorError) {
        let page = try MetricsPage(loop: loop, address: address, registry: registry, isHealthy: isHealthy)
        return .success(InternalPage(page: LoopBound(page, loop: loop), address: page.localAddress))
      } catch {
        return .failure(error)
      }
    }.value
    return try result.get()
  }

  package func close() async {
    await Task(executorPreference: page.loop) { page.value.close() }.value
  }
}

import Protobuf
import RPC
import Reactor
import Testing

/// The frames of a response handed to the channel in two reads that meet at each place there is.
@Suite("Responses split between reads")
struct SplitResponseTests {
  enum Kind: CaseIterable, Sendable {
    case unary, serverStreaming, clientStreaming, bidirectional, failure
  }

  @Test("are read the same wherever the reads meet", arguments: Kind.allCases)
  func split(kind: Kind) async throws {
    try await RPCWorld.run { world in
      let group = try EventLoopGroup(count: 1, name: "proxied")
      defer { group.stop() }
      let loop = group.loops[0]
      let (proxy, address) = try await SplittingProxy.start(on: loop, to: world.address)
      let channel = Channel(target: [address], group: group)
      let whole = try await call(kind, channel)
      var place = 1
      var end = Int.max
      while place < end {
        await Task(executorPreference: loop) { [place] in proxy.value.begin(place: place) }.value
        let outcome = try await call(kind, channel)
        #expect(outcome == whole, "split at \(place)")
        end = await Task(executorPreference: loop) { proxy.value.passed }.value
        place += 1
      }
      #expect(place > 30, "the response has more bytes than that")
      await channel.close()
      await Task(executorPreference: loop) { proxy.value.close() }.value
    }
  }

  private func call(_ kind: Kind, _ channel: Channel) async throws -> [String] {
    switch kind {
    case .unary:
      let reply: StringValue = try await channel.unary(Kitchen.command, StringValue("split"))
      return [reply.value]
    case .failure:
      do throws(RPCError) {
        let reply: StringValue = try await channel.unary(Kitchen.command, StringValue("fail 5 nothing there"))
        return [reply.value]
      } catch {
        return ["\(error)", error.metadata["x-failed"] ?? "no metadata"]
      }
    case .serverStreaming:
      return try await channel.serverStreaming(Kitchen.echo, StringValue("split")) {
        (reader: MessageReader<StringValue>) async throws(RPCError) -> [String] in
        var values: [String] = []
        while let next = try await reader.next() { values.append(next.value) }
        return values
      }
    case .clientStreaming:
      return try await channel.clientStreaming(Kitchen.sum) {
        (stream: ClientStream<Int64Value, Int64Value>) async throws(RPCError) -> [String] in
        for number in 1...3 { _ = try await stream.requests.send(Int64Value(Int64(number))) }
        return ["\(try await stream.finish().value)"]
      }
    case .bidirectional:
      return try await channel.bidirectional(Kitchen.chat) {
        (stream: BidirectionalStream<StringValue, StringValue>) async throws(RPCError) -> [String] in
        var values: [String] = []
        for line in ["a", "b"] {
          _ = try await stream.requests.send(StringValue(line))
          values.append(try await stream.responses.next()?.value ?? "nothing")
        }
        stream.finish()
        values.append(try await stream.responses.next()?.value ?? "end")
        return values
      }
    }
  }
}

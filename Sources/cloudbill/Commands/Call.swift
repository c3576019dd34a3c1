import ArgumentParser
import Glibc
import Postgres
import Protobuf
import RPC
import Reactor
import ServiceKit

/// `cloudbill call`
struct Call: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Call a method of the mesh with a JSON request and print the JSON reply.",
    discussion: """
      cloudbill call cloudbill.billing.v1.Billing/ListSubscriptions '{"limit": 5}' --as admin@acme.test
      cloudbill call GetSubscription '{"id": "…"}' --as viewer@acme.test
      cloudbill call Health/Check --to billing
      cloudbill call --list

      Requests and replies are spelled as in the REST API. With --as the call is made for that user: its claims are signed with \
      the edge's key from the data directory.

      Exit code: 0, or 64 + the gRPC status (69 is NOT_FOUND, 71 PERMISSION_DENIED, 78 UNAVAILABLE); 1 when the call was not made.
      """)

  @Argument(help: "The method, as SERVICE/METHOD; its last part will do when that is clear.")
  var method: String?

  @Argument(help: "The request as JSON; - reads it from standard input.")
  var request = "{}"

  @Option(name: .customLong("as"), help: ArgumentHelp("The user to call for.", valueName: "EMAIL"))
  var email: String?

  @Option(name: .customLong("to"), help: "The process to call, for methods that every process has.")
  var process: MeshProcess?

  @Option(help: ArgumentHelp("Call this server instead.", valueName: "HOST:PORT"))
  var address: String?

  @Option(
    name: [.customShort("H"), .long], parsing: .singleValue,
    help: ArgumentHelp("Metadata to send; may be given several times.", valueName: "NAME:VALUE"))
  var header: [String] = []

  @Option(help: ArgumentHelp("Give up after so many seconds.", valueName: "SECONDS"))
  var timeout = 10.0

  @Flag(help: "Print the reply on one line.")
  var compact = false

  @Flag(help: "Show the metadata that comes with the reply.")
  var verbose = false

  @Flag(help: "List the methods.")
  var list = false

  @OptionGroup var mesh: MeshOptions

  func run() async throws {
    if list {
      print(MethodCatalogue.listing)
      return
    }
    guard let name = method else { throw ValidationError("Which method? `cloudbill call --list` shows them.") }
    let method = try MethodCatalogue.find(name)
    let target = try target(of: method)
    let message = try encode(method)
    let group = try EventLoopGroup(count: 1, name: "call")
    let status: Int32
    do {
      status = try await send(message, to: method, at: target, group)
    } catch {
      group.stop()
      throw error
    }
    group.stop()
    if status != 0 { throw ExitCode(status) }
  }

  private func target(of method: MethodCatalogue.Method) throws -> ChannelTarget {
    if let address {
      do { return ChannelTarget(try Endpoint(address)) } catch {
        throw ValidationError("--address takes HOST:PORT, [IPv6]:PORT or unix:PATH: \(error).")
      }
    }
    guard let process = process ?? method.process, process != .edge else {
      let names = catalogue.services.map { "--to \($0.name)" }.joined(separator: " or ")
      throw ValidationError("Which process? Say \(names).")
    }
    return .addresses([.ipv4(0x7F00_0001, port: try mesh.ports().main(process))])
  }

  private func encode(_ method: MethodCatalogue.Method) throws -> [UInt8] {
    let json = request == "-" ? try Files.read("/dev/stdin") ?? [] : Array(request.utf8)
    do {
      return try DynamicMessage(json: json, schema: method.request, options: .rest).serialized()
    } catch {
      throw CommandFailure("the request is not a \(method.request.name): \(error)")
    }
  }

  /// - Returns: the exit code.
  private func send(
    _ message: [UInt8], to method: MethodCatalogue.Method, at target: ChannelTarget, _ group: EventLoopGroup
  ) async throws -> Int32 {
    let options = CallOptions(
      deadline: .after(.milliseconds(Int64(max(0, min(timeout, 86_400)) * 1_000))),
      metadata: try await metadata(for: method, group))
    let channel = Channel(target, group: group)
    do {
      let reply = try await channel.unaryBytes(path: method.path, message: message, options: options)
      await channel.close()
      if verbose { show(reply.initialMetadata, as: "metadata") }
      var json: [UInt8] = []
      try DynamicMessage(serialized: reply.message, schema: method.response).json(options: .rest, into: &json)
      print(compact ? String(decoding: json, as: UTF8.self) : JSONLayout.indented(json))
      if verbose { show(reply.trailingMetadata, as: "trailers") }
      return 0
    } catch let error as RPCError {
      await channel.close()
      explain(error)
      return 64 + Int32(error.code.rawValue)
    }
  }

  private func metadata(for method: MethodCatalogue.Method, _ group: EventLoopGroup) async throws -> Metadata {
    var metadata = Metadata()
    for line in header {
      guard let colon = line.firstIndex(of: ":"),
        let key = MetadataKey(validating: line[..<colon].lowercased()), !key.isBinary
      else { throw ValidationError("--header takes NAME:VALUE, with a name that gRPC allows; not \(line)") }
      metadata.append(String(line[line.index(after: colon)...]), for: key)
    }
    if metadata["x-request-id"] == nil { metadata.append("call-\(UUID.random())", for: "x-request-id") }
    let identity = CallerIdentity(directory: DataDirectory(mesh.dataPath))
    if let email {
      let (claims, tenant) = try await identity.user(email, group: group)
      metadata.append(claims, for: ClaimsInterceptor.claimsKey)
      if metadata["x-tenant-id"] == nil { metadata.append(tenant, for: "x-tenant-id") }
    } else if method.access == .service {
      metadata.append(try identity.service(), for: ClaimsInterceptor.claimsKey)
    }
    return metadata
  }

  private func explain(_ error: RPCError) {
    let terminal = Terminal()
    var lines = ["\(error.code.name) (\(error.code.rawValue)): \(error.message)"]
    if let detail = ServiceError(error) {
      lines.append("  code: \(detail.code)")
      if !detail.field.isEmpty { lines.append("  field: \(detail.field)") }
    }
    if email == nil, error.code == .unauthenticated { lines.append("  say for whom: --as EMAIL") }
    for line in lines { terminal.complaint(line) }
    show(error.metadata, as: "trailers")
  }

  private func show(_ metadata: Metadata, as title: String) {
    guard !metadata.isEmpty else { return }
    let terminal = Terminal()
    terminal.complaint("  \(title):")
    for (name, value) in metadata { terminal.complaint("    \(name): \(value)") }
  }
}

extension MeshProcess: ExpressibleByArgument {
  init?(argument: String) {
    guard let process = MeshProcess.named(argument) else { return nil }
    self = process
  }

  static var allValueStrings: [String] { all.map(\.name) }
}

/// Server reflection, v1 and v1alpha: the same messages under two names.
struct ReflectionService: Sendable {
  private let services: [String]
  private let files: [String: ReflectionFile]
  private let fileOfSymbol: [String: String]

  private typealias Request = ReflectionV1.ServerReflectionRequest
  private typealias Response = ReflectionV1.ServerReflectionResponse

  private static let names = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"]

  /// The methods of both versions; none when there are no files to show.
  static func methods(files: [ReflectionFile], serving methods: [ServerMethod]) -> [ServerMethod] {
    guard !files.isEmpty else { return [] }
    let service = ReflectionService(files: files + RPCDescriptors.files, serving: methods)
    return names.map { name in
      ServerMethod.bidirectional(
        MethodDescriptor(service: name, name: "ServerReflectionInfo", kind: .bidirectional, idempotency: .read),
        service.answer
      ).alwaysServed()
    }
  }

  private init(files: [ReflectionFile], serving methods: [ServerMethod]) {
    services = Set(methods.map(\.descriptor.service) + Self.names).sorted()
    self.files = Dictionary(files.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var fileOfSymbol: [String: String] = [:]
    for file in files {
      for symbol in file.symbols { fileOfSymbol[symbol] = file.name }
    }
    self.fileOfSymbol = fileOfSymbol
  }

  private func answer(
    _ requests: MessageReader<Request>, _ responses: MessageWriter<Response>, _ call: ServerCall
  ) async throws(RPCError) {
    while let request = try await requests.next() {
      var response = Response(validHost: request.host, originalRequest: request)
      response.messageResponse = answer(request.messageRequest)
      try await responses.send(response)
    }
  }

  private func answer(_ request: Request.MessageRequest?) -> Response.MessageResponse {
    switch request {
    case .listServices:
      .listServicesResponse(.init(service: services.map { ReflectionV1.ServiceResponse(name: $0) }))
    case .fileByFilename(let name):
      file(named: name)
    case .fileContainingSymbol(let symbol):
      file(containing: symbol)
    case .fileContainingExtension, .allExtensionNumbersOfType:
      Self.error(.notFound, "extensions are not indexed")
    case nil:
      Self.error(.invalidArgument, "message_request: expected one of its fields")
    }
  }

  private func file(named name: String) -> Response.MessageResponse {
    guard let file = files[name] else { return Self.error(.notFound, "no file of that name") }
    return .fileDescriptorResponse(.init(fileDescriptorProto: [file.bytes]))
  }

  /// A field or an enum's value is found by the message or enum it belongs to.
  private func file(containing symbol: String) -> Response.MessageResponse {
    var name = symbol[...]
    while !name.isEmpty {
      if let file = fileOfSymbol[String(name)] { return self.file(named: file) }
      guard let dot = name.lastIndex(of: ".") else { break }
      name = name[..<dot]
    }
    return Self.error(.notFound, "no such symbol")
  }

  private static func error(_ code: StatusCode, _ message: String) -> Response.MessageResponse {
    .errorResponse(.init(errorCode: Int32(code.rawValue), errorMessage: message))
  }
}

/// What a gRPC client hears that was pointed at the edge instead of a service: a status it understands, at once (gRPC over HTTP/2,
/// "Trailers-Only").
enum GRPCRefusal {
  static func response(requestID: [UInt8]) -> HTTPResponse {
    var response = HTTPResponse(200, requestID: requestID)
    response.contentType = .grpc
    // 12 is UNIMPLEMENTED.
    response.fields.append(.init(name: "grpc-status", value: "12"))
    response.fields.append(
      .init(name: "grpc-message", value: "The edge speaks JSON over HTTP: call the RPC port of the service itself"))
    return response
  }
}

public import Protobuf
public import RPC

/// One REST route and the method it leads to. A class, since every request looks at one and none makes one.
public final class RestRoute: Sendable {
  /// A part of the path between slashes.
  public enum Segment: Sendable, Hashable {
    case literal(String)
    /// Any text, which becomes the request field of that name.
    case variable(String)
  }

  /// Which part of the request message the JSON body is.
  public enum Body: Sendable, Hashable {
    case none
    /// All fields that the path does not bind.
    case whole
    case field(String)
  }

  /// `GET`, `POST`, `PATCH`, …
  public let method: String
  /// The path as the schema writes it: `/api/billing/subscriptions/{id}`.
  public let template: String
  public let segments: [Segment]
  /// The method: `/cloudbill.billing.v1.Billing/GetSubscription`.
  public let rpcPath: String
  /// The method with what the schema says of repeating it, for the channel.
  public let descriptor: MethodDescriptor
  /// The process that serves the method: `billing`.
  public let service: String
  public let request: MessageSchema
  public let response: MessageSchema
  public let body: Body
  /// The response field that the envelope shows as `data`; `nil` shows the whole response.
  public let responseField: String?
  /// Whether the response has a `cloudbill.common.v1.Pagination` in its field `pagination`, which the envelope shows.
  public let paginated: Bool
  /// The `google.protobuf.FieldMask` of the request that the edge fills from the keys of the body.
  public let updateMaskField: String?
  public let access: MethodAccess
  /// Whether a request without `X-Tenant-ID` is refused.
  public let tenantHeaderRequired: Bool
  public let idempotency: Idempotency
  public let retry: RetryRule?
  /// The HTTP status of success.
  public let successStatus: Int
  /// The envelope's `message` on success.
  public let successMessage: String?

  public init(
    method: String, template: String, segments: [Segment], rpcPath: String, service: String, request: MessageSchema,
    response: MessageSchema, body: Body, responseField: String?, paginated: Bool, updateMaskField: String?,
    access: MethodAccess, tenantHeaderRequired: Bool, idempotency: Idempotency, retry: RetryRule?, successStatus: Int,
    successMessage: String?
  ) {
    self.method = method
    self.template = template
    self.segments = segments
    self.rpcPath = rpcPath
    descriptor = MethodDescriptor(path: rpcPath, idempotency: idempotency, retry: retry)
    self.service = service
    self.request = request
    self.response = response
    self.body = body
    self.responseField = responseField
    self.paginated = paginated
    self.updateMaskField = updateMaskField
    self.access = access
    self.tenantHeaderRequired = tenantHeaderRequired
    self.idempotency = idempotency
    self.retry = retry
    self.successStatus = successStatus
    self.successMessage = successMessage
  }
}

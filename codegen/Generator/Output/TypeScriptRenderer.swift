/// Writes the types and the client of the REST interface for TypeScript: plain `fetch`, no dependency.
struct TypeScriptRenderer {
  let model: SchemaModel
  let types: RestTypes

  /// The routes a client uses: one a method.
  private var routes: [RouteModel] { types.routes.filter { $0.index == 0 } }

  func files() -> [OutputFile] {
    let sources = model.generated.filter { !$0.services.isEmpty }.map(\.name)
    return [
      OutputFile(name: "TypeScript/types.ts", content: GeneratedHeader.comment(from: sources) + "\n" + typesFile()),
      OutputFile(name: "TypeScript/client.ts", content: GeneratedHeader.comment(from: sources) + "\n" + clientFile()),
    ]
  }

  // MARK: types.ts

  private func typesFile() -> String {
    var text = SourceText()
    let requests = Set(types.routes.map(\.method.input))
    for entry in types.enums {
      let values = entry.values.filter { $0.number != 0 || $0.json != nil }.map { JSONText.quoted($0.json ?? $0.name) }
      text.lines(block(entry.comment))
      text.line("export type \(types.name(entry.fullName)) = \(values.joined(separator: " | "));")
      text.line()
    }
    for message in types.messages {
      let isRequest = requests.contains(message.fullName)
      let path = Set(routes.filter { $0.method.input == message.fullName }.flatMap(types.pathFields).map(\.name))
      let masks = Set(routes.filter { $0.method.input == message.fullName }.compactMap(\.updateMaskField))
      let fields = message.fields.filter { !masks.contains($0.name) }
      text.lines(block(message.comment))
      guard !fields.isEmpty else {
        text.line("export type \(types.name(message.fullName)) = Record<string, never>;")
        text.line()
        continue
      }
      text.block("export interface \(types.name(message.fullName)) {") { text in
        for field in fields {
          text.lines(block(field.comment))
          let required =
            isRequest ? path.contains(field.name) || RestTypes.isRequired(field) : RestTypes.isAlwaysPrinted(field)
          text.line("\(field.jsonName)\(required ? "" : "?"): \(type(field));")
        }
      }
      text.line()
    }
    return String(text.text.dropLast())
  }

  /// A comment in the form editors show.
  private func block(_ comment: String) -> String {
    guard !comment.isEmpty else { return "" }
    let lines = comment.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.count == 1
      ? "/** \(comment) */" : "/**\n" + lines.map { $0.isEmpty ? " *" : " * \($0)" }.joined(separator: "\n") + "\n */"
  }

  private func type(_ field: FieldModel) -> String {
    if let entry = types.table.mapEntry(field), let value = entry.fields.last {
      return "Record<string, \(element(value))>"
    }
    let element = element(field)
    guard field.isRepeated else { return element }
    return element.contains(" ") ? "(\(element))[]" : element + "[]"
  }

  private func element(_ field: FieldModel) -> String {
    if field.format != .plain { return "number" }
    switch field.type {
    case .double, .float, .int32, .uint32, .int64, .uint64: return "number"
    case .string, .bytes: return "string"
    case .bool: return "boolean"
    case .enumeration(let name): return WellKnown.swiftName(name) == nil ? types.name(name) : "null"
    case .message(let name): return wellKnown(name) ?? types.name(name)
    case .group: return "never"
    }
  }

  private func wellKnown(_ name: String) -> String? {
    switch name {
    case "google.protobuf.Timestamp", "google.protobuf.Duration", "google.protobuf.FieldMask",
      "google.protobuf.StringValue", "google.protobuf.BytesValue":
      "string"
    case "google.protobuf.Struct", "google.protobuf.Any": "Record<string, unknown>"
    case "google.protobuf.Empty": "Record<string, never>"
    case "google.protobuf.ListValue": "unknown[]"
    case "google.protobuf.Value": "unknown"
    case "google.protobuf.BoolValue": "boolean"
    case "google.protobuf.Int32Value", "google.protobuf.UInt32Value", "google.protobuf.Int64Value",
      "google.protobuf.UInt64Value", "google.protobuf.DoubleValue", "google.protobuf.FloatValue":
      "number"
    default: nil
    }
  }

  // MARK: client.ts

  private func clientFile() -> String {
    var text = SourceText()
    let requests = routes.map(\.method.input).filter { !(types.table.messages[$0]?.fields.isEmpty ?? true) }
    let used = Set(requests.map(types.name) + routes.map { result($0).replacing("[]", with: "") })
      .union(types.routes.contains(where: \.isPaginated) ? ["Pagination"] : [])
    let names = (types.messages.map(\.fullName) + types.enums.map(\.fullName)).map(types.name).filter(used.contains)
    text.list("import type {", names.sorted(), "} from \"./types.js\";")
    text.line()
    text.line("export * from \"./types.js\";")
    text.line()
    text.line(Self.runtime)
    for service in services {
      text.line()
      text.lines(block(service.comment))
      text.block("export class \(service.name)Client {") { text in
        text.line("constructor(private readonly connection: Connection) {}")
        for route in routes where route.method.service == service.fullName {
          text.line()
          method(route, into: &text)
        }
      }
    }
    return text.text
  }

  /// The services that have routes, in the order of the files.
  private var services: [ServiceModel] {
    let used = Set(types.routes.map(\.method.service))
    return model.generated.flatMap(\.services).filter { used.contains($0.fullName) }
  }

  private func result(_ route: RouteModel) -> String {
    types.data(of: route).map { type($0) } ?? types.name(route.method.output)
  }

  private func method(_ route: RouteModel, into text: inout SourceText) {
    let request = types.name(route.method.input)
    let data = result(route)
    let result = route.isPaginated ? "Page<\(data.hasSuffix("[]") ? String(data.dropLast(2)) : data)>" : data
    let hasFields = !(types.table.messages[route.method.input]?.fields.isEmpty ?? true)
    let argument = hasFields ? "request: \(request), " : ""
    text.lines(block(route.method.comment))
    text.block(
      "async \(SwiftNames.method(route.method).replacing("`", with: ""))(\(argument)options: CallOptions = {}): "
        + "Promise<\(result)> {"
    ) { text in
      let path = Self.path(route, types)
      var arguments = ["\"\(route.binding.method)\"", path]
      let query = types.queryFields(route).map(\.jsonName)
      let body = types.bodyFields(route).map(\.jsonName)
      if hasFields, !query.isEmpty {
        arguments.append(
          "{ query: pick(request, [\(query.map(JSONText.quoted).joined(separator: ", "))]), ...options }")
      } else if hasFields, !body.isEmpty {
        arguments.append("{ body: pick(request, [\(body.map(JSONText.quoted).joined(separator: ", "))]), ...options }")
      } else if !route.binding.body.isEmpty, route.binding.body != "*" {
        arguments.append("{ body: request.\(Casing.lowerCamelJSON(route.binding.body)), ...options }")
      } else {
        arguments.append(route.binding.body.isEmpty ? "options" : "{ body: {}, ...options }")
      }
      let envelope = "const envelope = await this.connection.send<\(data)>("
      text.list(envelope, arguments, ");")
      text.line(
        route.isPaginated
          ? "return { data: envelope.data, pagination: envelope.pagination as Pagination };" : "return envelope.data;")
    }
  }

  /// The path as a template literal.
  private static func path(_ route: RouteModel, _ types: RestTypes) -> String {
    let parts = route.segments.map { segment in
      switch segment {
      case .literal(let word): return word
      case .variable(let name):
        let field = types.pathFields(route).first { $0.name == name }
        return "${encodeURIComponent(request.\(field?.jsonName ?? name))}"
      }
    }
    return "`/" + parts.joined(separator: "/") + "`"
  }

  private static let runtime = """
    /** Where requests go and who makes them. */
    export interface ConnectionOptions {
      /** Such as `http://localhost:8080`; empty means the page's own origin. */
      baseURL?: string;
      /** The bearer token, asked for at each request. */
      token?: () => string | undefined;
      /** The tenant, asked for at each request. */
      tenantID?: () => string | undefined;
      fetch?: typeof fetch;
    }

    /** What one call may add. */
    export interface CallOptions {
      /** The same key and body give the same answer, without a second effect. */
      idempotencyKey?: string;
      /** The version that the object was read with, from its `ETag`: a change since then refuses this one. */
      ifMatch?: string;
      signal?: AbortSignal;
    }

    /** One page of a list. */
    export interface Page<T> {
      data: T[];
      pagination: Pagination;
    }

    /** One rule that a request breaks. */
    export interface Violation {
      field: string;
      message: string;
      rule?: string;
    }

    /** A reply that says why it failed. */
    export class ApiError extends Error {
      constructor(
        readonly status: number,
        readonly code: string,
        message: string,
        readonly field?: string,
        readonly requestId?: string,
        readonly details: Violation[] = [],
      ) {
        super(message);
        this.name = "ApiError";
      }
    }

    interface Envelope<T> {
      data: T;
      pagination?: unknown;
    }

    interface Parts extends CallOptions {
      query?: Record<string, unknown>;
      body?: unknown;
    }

    /** Sends requests and opens the envelopes of their replies. */
    export class Connection {
      constructor(private readonly options: ConnectionOptions = {}) {}

      async send<T>(method: string, path: string, parts: Parts): Promise<Envelope<T>> {
        const headers: Record<string, string> = { Accept: "application/json" };
        const token = this.options.token?.();
        if (token) headers["Authorization"] = `Bearer ${token}`;
        const tenant = this.options.tenantID?.();
        if (tenant) headers["X-Tenant-ID"] = tenant;
        if (parts.idempotencyKey) headers["Idempotency-Key"] = parts.idempotencyKey;
        if (parts.ifMatch) headers["If-Match"] = parts.ifMatch;
        if (parts.body !== undefined) headers["Content-Type"] = "application/json";
        const response = await (this.options.fetch ?? fetch)((this.options.baseURL ?? "") + path + search(parts.query), {
          method,
          headers,
          body: parts.body === undefined ? null : JSON.stringify(parts.body),
          signal: parts.signal ?? null,
        });
        if (response.status === 204) return { data: undefined as T };
        const envelope = await response.json().catch(() => undefined);
        if (response.ok && envelope?.success === true) return envelope as Envelope<T>;
        const error = envelope?.error;
        throw new ApiError(
          response.status,
          error?.code ?? "UNKNOWN",
          error?.message ?? response.statusText,
          error?.field,
          envelope?.requestId,
          error?.details,
        );
      }
    }

    function search(query: Record<string, unknown> | undefined): string {
      const result = new URLSearchParams();
      for (const [name, value] of Object.entries(query ?? {})) {
        for (const one of Array.isArray(value) ? value : [value]) {
          if (one !== undefined && one !== null) result.append(name, String(one));
        }
      }
      const text = result.toString();
      return text ? `?${text}` : "";
    }

    function pick<T extends object, K extends keyof T>(value: T, names: K[]): Pick<T, K> {
      const result = {} as Pick<T, K>;
      for (const name of names) if (value[name] !== undefined) result[name] = value[name];
      return result;
    }
    """
}

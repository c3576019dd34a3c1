// What somebody writes against the generated package: every kind of call, and values of every kind.
// usage: Client PORT
import Glibc
import Inventory
import Protobuf
import RPC
import Reactor

typealias Everything = Warehouse.Everything

func check(_ condition: Bool, _ what: String) {
  print(condition ? "ok: \(what)" : "WRONG: \(what)")
}

let everything = Everything(
  aDouble: -0.1, aFloat: 1.5, anInt32: .min, anInt64: .min, aUint32: .max, aUint64: .max, aSint32: -7, aSint64: -8,
  aFixed32: 9, aFixed64: 10, aSfixed32: -11, aSfixed64: -12, aBool: true, aString: "größer ☃",
  someBytes: [0, 255, 10], maybeNumber: 0, maybeText: "", numbers: [-1, 0, .max], unpacked: [0.5, 2],
  texts: ["", "two"], colors: [.red, .gray, .unrecognized(77)], items: [Warehouse.Item(name: "nail", pieces: 1)],
  labels: ["a": "1", "b": "2"], itemsByNumber: [-4: Warehouse.Item(name: "screw", pieces: 2)],
  colorsByFlag: [true: .red, false: .grey], selection: .byItem(Warehouse.Item(name: "chosen")),
  madeAt: Timestamp(seconds: 1_700_000_000, nanos: 500_000_000), lasts: ProtoDuration(seconds: -3, nanos: -1),
  notes: Struct(fields: ["deep": .list(ListValue(values: [.bool(true), .null, .number(1.25)]))]),
  wrapped: Int64Value(0),
  price: GoogleType.Money(currencyCode: "EUR", units: 12, nanos: 340_000_000),
  place: Shared.Place(aisle: "A", shelf: 3, inside: Shared.Place(aisle: "hall")), unit: .meter, class: "first",
  default: true, self_: "me", protocol: 5, type: "kind", deep: Everything.Deep(deeper: .init(level: .high)))

func run(port: UInt16) async throws {
  let group = try EventLoopGroup(count: 1)
  let channel = Channel(target: [try SocketAddress(host: "127.0.0.1", port: port)], group: group)
  let inventory = Warehouse.InventoryClient(channel)

  check(try await inventory.echo(everything) == everything, "echo gives back every field")
  check(try await inventory.echo(Everything()) == Everything(), "echo of nothing is nothing")
  print(try await inventory.describe(everything).text)
  print(String(decoding: try everything.json(options: .proto3), as: UTF8.self))

  do {
    _ = try await inventory.fail(Rpc.Status(code: 5, message: "no such shelf: ä"))
    check(false, "a failure is thrown")
  } catch {
    check(error.code == .notFound && error.message == "no such shelf: ä", "a failure is thrown with code and message")
  }

  let total = try await inventory.count { count in
    for pieces in 1...4 { try await count.requests.send(Warehouse.Item(pieces: Int64(pieces))) }
    return try await count.finish().total
  }
  check(total == 10, "many for one")

  let names = try await inventory.list(Warehouse.Tally(total: 3)) { list in
    var names: [String] = []
    while let item = try await list.next() { names.append(item.name) }
    return names
  }
  check(names == ["item 0", "item 1", "item 2"], "one for many")

  try await inventory.rename { rename in
    try await rename.requests.send(Warehouse.Item(name: "bolt"))
    check(try await rename.responses.next()?.name == "BOLT", "many for many: the first comes before the second is sent")
    try await rename.requests.send(Warehouse.Item(name: "nut"))
    rename.finish()
    check(try await rename.responses.next()?.name == "NUT", "many for many: the second")
    check(try await rename.responses.next() == nil, "many for many: the end")
  }

  await channel.close()
  group.stop()
}

guard CommandLine.arguments.count == 2, let port = UInt16(CommandLine.arguments[1]) else {
  print("usage: Client PORT")
  exit(2)
}
try await run(port: port)

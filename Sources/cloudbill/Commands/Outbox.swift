import ArgumentParser
import ServiceKit

/// `cloudbill outbox`
struct OutboxCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "outbox", abstract: "Look after messages that could not be delivered.",
    discussion: """
      A message is tried again for a while, then set aside; the later messages about the same object wait behind it. When its cause is \
      mended it is sent again.
      """,
    subcommands: [List.self, Resend.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show the messages that were set aside.")

    @OptionGroup var mesh: MeshOptions

    func run() async throws {
      try await AdministrationDatabase.with(mesh) { database in
        for service in catalogue.services {
          for line in try await SetAsideMessages(service).list(database, deadline: AdministrationDatabase.deadline) {
            print(
              """
              \(service.name) \(line.number)  tenant \(line.tenant)  \(line.topic)  \(line.object)  \
              \(line.attempts) attempts  \(line.error)
              """)
          }
        }
      }
    }
  }

  struct Resend: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Send messages again that were set aside.")

    @Argument(help: "The service.")
    var service: String

    @Argument(help: "The number of a message; all of the service when left out.")
    var number: Int64?

    @OptionGroup var mesh: MeshOptions

    func run() async throws {
      guard let definition = catalogue[service] else {
        throw ValidationError(
          "There is no service \(service): \(catalogue.services.map(\.name).joined(separator: ", "))")
      }
      let count = try await AdministrationDatabase.with(mesh) { database in
        try await SetAsideMessages(definition).resend(
          number, database, now: WallClock.system.now, deadline: AdministrationDatabase.deadline)
      }
      print("\(count) to be sent again.")
    }
  }
}

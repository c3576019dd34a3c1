import Foundation
import TestSupport
import Testing

@Suite("cloudbill call")
struct CallTests {
  private func call(_ arguments: String..., input: String? = nil) throws -> ProcessResult {
    let mesh = try RunningMesh.shared.get()
    return try runProcess(
      RunningMesh.program, ["call", "--data", mesh.data, "--base-port", "\(mesh.basePort)"] + arguments,
      input: input.map { Array($0.utf8) })
  }

  @Test("a method is called for a user and the reply printed as JSON")
  func forUser() throws {
    let list = try call(
      "cloudbill.billing.v1.Billing/ListSubscriptions", #"{"limit": 3, "status": "active"}"#, "--as", "admin@acme.test")
    #expect(list.status == 0, "\(list.errorText)")
    let reply = try JSON(list.outputText)
    #expect(reply["subscriptions"].elements.count == 3)
    let id = try #require(reply["subscriptions"][0]["id"].text)
    let get = try call("GetSubscription", "-", "--as", "viewer@acme.test", "--compact", input: #"{"id":"\#(id)"}"#)
    #expect(get.status == 0, "\(get.errorText)")
    #expect(get.outputText.split(separator: "\n").count == 1)
    #expect(try JSON(get.outputText) == reply["subscriptions"][0])
  }

  @Test("the user's role and tenant count")
  func rights() throws {
    let denied = try call("CreatePlan", #"{"id":"p"}"#, "--as", "viewer@acme.test")
    #expect(denied.status == 71)
    #expect(denied.errorText.contains("PERMISSION_DENIED (7)"))
    #expect(denied.errorText.contains("code: FORBIDDEN"))
    #expect(denied.outputText.isEmpty)
    let list = try JSON(try call("ListSubscriptions", #"{"limit":1}"#, "--as", "admin@acme.test").outputText)
    let id = try #require(list["subscriptions"][0]["id"].text)
    let foreign = try call("GetSubscription", #"{"id":"\#(id)"}"#, "--as", "admin@globex.test")
    #expect(foreign.status == 69)
    #expect(foreign.errorText.contains("NOT_FOUND (5)"))
  }

  @Test("without a user it is nobody, and says what to do")
  func nobody() throws {
    let result = try call("ListPlans")
    #expect(result.status == 80)
    #expect(result.errorText.contains("UNAUTHENTICATED (16)"))
    #expect(result.errorText.contains("--as EMAIL"))
  }

  @Test("every process tells its health")
  func health() throws {
    for role in ["auth", "billing"] {
      let result = try call("Health/Check", "--to", role)
      #expect(result.status == 0, "\(result.errorText)")
      #expect(result.outputText.contains("SERVING"))
    }
  }

  @Test("what is wrong with the command is said before anything is sent")
  func usage() throws {
    let unknownField = try call("GetPlan", #"{"nme":"x"}"#, "--as", "admin@acme.test")
    #expect(unknownField.status == 1)
    #expect(unknownField.errorText.contains("nme is not a known field"))
    let unknownMethod = try call("NoSuchMethod")
    #expect(unknownMethod.status == 1)
    #expect(unknownMethod.errorText.contains("there is no method NoSuchMethod"))
    let unknownUser = try call("ListPlans", "--as", "nobody@acme.test")
    #expect(unknownUser.status == 1)
    #expect(unknownUser.errorText.contains("there is no user nobody@acme.test"))
    let nobodyThere = try call("Health/Check", "--address", "127.0.0.1:\(freePort())", "--timeout", "5")
    #expect(nobodyThere.status == 78, "\(nobodyThere.errorText)")
    #expect(try call("--list").outputText.contains("cloudbill.billing.v1.Billing/CancelSubscription"))
  }
}

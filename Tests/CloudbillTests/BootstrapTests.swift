import Foundation
import TestSupport
import Testing

@Suite("A first installation")
struct BootstrapTests {
  private func bootstrap(_ mesh: RunningMesh, _ password: String, email: String = "first@example.com") throws
    -> ProcessResult
  {
    try runProcess(
      RunningMesh.program,
      ["bootstrap", "--data", mesh.data, "--email", email, "--organization", "Example"],
      input: Array("\(password)\n".utf8))
  }

  @Test("production mode has no demo data; the first SUPER_ADMIN is made once, signs in, and no second one is made")
  func once() throws {
    let mesh = try RunningMesh(arguments: ["--mode", "production"])
    try mesh.waitReady()
    #expect(!mesh.printed.contains(RestClient.password))
    #expect(mesh.printed.contains("cloudbill bootstrap"))
    #expect(throws: RestClient.NotSignedIn.self) { try RestClient.signedIn(on: mesh) }
    let short = try bootstrap(mesh, "too-short")
    #expect(short.status == 1 && short.errorText.contains("fewer than 12 characters"), "\(short.errorText)")
    let demo = try bootstrap(mesh, RestClient.password)
    #expect(demo.status == 1 && demo.errorText.contains("demo data"), "\(demo.errorText)")
    let made = try bootstrap(mesh, "a-long-Passw0rd")
    #expect(made.status == 0, "\(made.errorText)")
    let again = try bootstrap(mesh, "a-long-Passw0rd", email: "second@example.com")
    #expect(again.status == 1 && again.errorText.contains("has a SUPER_ADMIN already"), "\(again.errorText)")
    let login = try RestClient(url: mesh.url).post(
      "/api/auth/login", #"{"email":"first@example.com","password":"a-long-Passw0rd"}"#)
    #expect(login.data["user"]["role"].text == "SUPER_ADMIN", "\(login.text)")
    let second = try RestClient(url: mesh.url).post(
      "/api/auth/login", #"{"email":"second@example.com","password":"a-long-Passw0rd"}"#)
    #expect(second.status == 401)
    let trail = try runProcess(RunningMesh.program, ["audit", "verify", "--data", mesh.data])
    #expect(trail.status == 0 && trail.outputText.contains("1 lines  whole"), "\(trail.outputText)\(trail.errorText)")
    #expect(mesh.interrupt() == 0)
  }

  @Test("a development installation is opened to the network only when that is asked for by name")
  func exposed() throws {
    let directory = try TemporaryDirectory()
    for host in ["0.0.0.0", "::", "192.0.2.1"] {
      let refused = try runProcess(RunningMesh.program, ["up", "--data", directory.path + "/data", "--host", host])
      #expect(refused.status == 1 && refused.errorText.contains("--expose-development"), "\(refused.errorText)")
      let serve = try runProcess(
        RunningMesh.program, ["serve", "edge", "--data", directory.path + "/data", "--host", host])
      #expect(serve.status == 1 && serve.errorText.contains("--expose-development"), "\(serve.errorText)")
    }
    #expect(!FileManager.default.fileExists(atPath: directory.path + "/data"))
    let insisted = try runProcess(
      RunningMesh.program,
      ["up", "--data", directory.path + "/data", "--host", "10.255.255.1", "--expose-development"])
    #expect(insisted.errorText.contains("cannot listen on 10.255.255.1"), "\(insisted.errorText)")
  }

  @Test("the program tells its version, and its help the default of each option")
  func version() throws {
    let version = try runProcess(RunningMesh.program, ["--version"])
    #expect(version.outputText.split(separator: ".").count == 3)
    let help = try runProcess(RunningMesh.program, ["help", "up"]).outputText
    for text in ["--mode", "--expose-development", "edge 8080", "auth 3001", "billing 3002"] {
      #expect(help.contains(text), "\(text)")
    }
  }
}

/// Which program this is, for `cloudbill --version`.
enum Version {
  static let text = "0.1.0"
}

/// The password of every user of the demo data. Known to everybody, so sign-in refuses it outside development mode.
public enum DemoPassword {
  public static let text = "Demo-Passw0rd"
  /// Its bcrypt hash, cost 10, as the demo data stores it.
  static let hash = "$2b$10$L3ttew3wfGeORUwuKnWYEOr/2Bgw28c9fvyriUYZRcaJ1RaA/Su02"
}

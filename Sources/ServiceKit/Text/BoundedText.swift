extension String {
  /// As much from the beginning as takes no more bytes in UTF-8 than said, cut between Unicode scalars.
  ///
  /// `prefix` counts characters, of which each may have any number of scalars: it bounds nothing that somebody else has written.
  func bounded(toByteCount limit: Int) -> String {
    guard utf8.count > limit else { return self }
    var kept = String.UnicodeScalarView()
    var byteCount = 0
    for scalar in unicodeScalars {
      byteCount += UTF8.width(scalar)
      guard byteCount <= limit else { break }
      kept.append(scalar)
    }
    return String(kept)
  }
}

package io.morsel.stargz;

/** What a TOC is checked against. */
public sealed interface TocTrust {
  /**
   * The TOC must have this digest, which a verified manifest named.
   *
   * @param sha256 as {@code sha256:…}
   */
  record Expected(String sha256) implements TocTrust {}

  /** Nothing names the TOC's digest, and the operator accepts that: the TOC is taken as it is. */
  record Unverified() implements TocTrust {}
}

package io.morsel.stargz;

/** The formats of layers that can be read at random. */
public enum LayerFormat {
  /** eStargz: gzip members, 51-byte footer, chunk digests. */
  ESTARGZ("eStargz"),
  /** Legacy stargz (CRFS): gzip members, 47-byte footer, digests of whole files at most. */
  STARGZ("stargz");

  private final String title;

  LayerFormat(String title) {
    this.title = title;
  }

  /** The format's name as its specification spells it. */
  public String title() {
    return title;
  }
}

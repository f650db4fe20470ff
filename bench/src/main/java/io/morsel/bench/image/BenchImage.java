package io.morsel.bench.image;

import java.util.Locale;

/** The images of the bench, each with three layers or more. */
public enum BenchImage {
  /** Debian, Python 3 with numpy and flask, a small web application. */
  PYTHON(true),
  /** Debian, Node.js, a small application. */
  NODE(true),
  /** Debian, OpenJDK 17 without a desktop, a small application. */
  JAVA(true),
  /** Many small and some large files, and lists of those that hold a given share of all bytes. */
  SYNTHETIC(false),
  /** What steady state is measured on: small files, one huge file, one large executable. */
  STEADY(false),
  /** One layer with very many entries. */
  ENTRIES(false),
  /** Several images of many small layers, all different. */
  LAYERS(false),
  /** A few megabytes that have a program, a server and a reader: to try every mode quickly. */
  TINY(false);

  private final boolean debian;

  BenchImage(boolean debian) {
    this.debian = debian;
  }

  /** The repository's name in the registry; {@link #LAYERS} has several, of this name's prefix. */
  public String repository() {
    return "bench/" + name().toLowerCase(Locale.ROOT);
  }

  /** Whether it is built from Debian packages, and so is the same in every size. */
  boolean isDebian() {
    return debian;
  }
}

package io.morsel.fuse.protocol;

import java.lang.foreign.ValueLayout;

/** The protocol's scalar types: host byte order, at any address. */
final class Wire {
  static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

  private Wire() {}
}

package io.morsel.fuse;

import io.morsel.prefetch.ContentIdentity;
import io.morsel.registry.Digest;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * All that a process must know to go on serving a descriptor of {@code /dev/fuse} that another one
 * was serving. It is written into the descriptor's name, so that the two can't come apart.
 *
 * @param identity what the connection shows
 * @param cached whether it is the layer's tree, which the kernel caches; otherwise it is the file
 *     with the layer's data, below another filesystem
 * @param opensFiles whether OPEN is to be answered
 * @param opensDirectories whether OPENDIR is to be answered
 * @param minor the protocol's minor version as the kernel has it
 * @param number tells connections apart that are the same in all of this
 */
public record KeptConnection(
    ContentIdentity identity,
    boolean cached,
    boolean opensFiles,
    boolean opensDirectories,
    int minor,
    long number) {

  /** What the names of all versions start with. */
  private static final String FAMILY = "morsel-fuse-";

  /** To be changed with what a connection means: how nodes are numbered, what INIT agrees on. */
  private static final String VERSION = "1";

  private static final int MAX_CHARACTERS = 255;

  /** What FDNAME of sd_notify(3) may hold: no colon, which separates names. */
  private static final Pattern NAME =
      Pattern.compile(
          FAMILY
              + VERSION
              + "\\.([a-z0-9]{1,16})\\.([0-9a-f]{32,128})\\.([0-9a-f]{16})\\.([0-9a-f]{16})"
              + "\\.([td])([f-])([d-])\\.([0-9]{1,4})\\.([0-9a-f]{16})");

  /** A connection that is about to be kept, with a number of its own. */
  static KeptConnection of(
      ContentIdentity identity,
      boolean cached,
      boolean opensFiles,
      boolean opensDirectories,
      int minor) {
    return new KeptConnection(
        identity,
        cached,
        opensFiles,
        opensDirectories,
        minor,
        ThreadLocalRandom.current().nextLong());
  }

  /** The name that says all of this: ASCII, no longer than 255 characters. */
  public String name() {
    return "%s%s.%s.%s.%s.%s.%d.%016x"
        .formatted(
            FAMILY,
            VERSION,
            identity.layer().toString().replace(':', '.'),
            identity.data(),
            identity.tree(),
            (cached ? "t" : "d") + (opensFiles ? "f" : "-") + (opensDirectories ? "d" : "-"),
            minor,
            number);
  }

  /** Whether a descriptor of this name was kept by any version of Morsel. */
  public static boolean isOurs(String name) {
    return name.startsWith(FAMILY);
  }

  /** What a name says; empty where it was not made by {@link #name}, or by another version. */
  public static Optional<KeptConnection> parse(String name) {
    Matcher matcher = NAME.matcher(name.length() > MAX_CHARACTERS ? "" : name);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new KeptConnection(
              new ContentIdentity(
                  Digest.parse(matcher.group(1) + ":" + matcher.group(2)),
                  matcher.group(3),
                  matcher.group(4)),
              matcher.group(5).equals("t"),
              matcher.group(6).equals("f"),
              matcher.group(7).equals("d"),
              Integer.parseInt(matcher.group(8)),
              Long.parseUnsignedLong(matcher.group(9), 16)));
    } catch (IllegalArgumentException e) {
      // A digest that is none.
      return Optional.empty();
    }
  }
}

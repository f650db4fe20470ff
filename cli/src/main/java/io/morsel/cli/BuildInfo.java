package io.morsel.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * What was built.
 *
 * @param version the release, as Maven names it
 * @param commit the commit it was built from, shortened; {@code unknown} outside a checkout
 */
record BuildInfo(String version, String commit) {
  /** What the build left beside this class. */
  static BuildInfo load() {
    Properties properties = new Properties();
    try (InputStream in = BuildInfo.class.getResourceAsStream("build.properties")) {
      if (in != null) {
        properties.load(in);
      }
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
    return new BuildInfo(
        properties.getProperty("version", "unknown"), orUnknown(resource("commit.txt")));
  }

  private static String orUnknown(@Nullable String text) {
    return text == null || text.isBlank() ? "unknown" : text.strip();
  }

  private static @Nullable String resource(String name) {
    try (InputStream in = BuildInfo.class.getResourceAsStream(name)) {
      return in == null ? null : new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }
}

package io.morsel.integration;

import io.morsel.bench.host.Command;
import io.morsel.bench.host.Directories;
import io.morsel.bench.node.Recording;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** A registry for the tests of one class, and a directory for what they build. */
final class Fixture implements BeforeAllCallback, AfterAllCallback {
  private @Nullable Path directory;
  private @Nullable CountedRegistry registry;
  private int works;

  @Override
  public void beforeAll(ExtensionContext context) {
    try {
      directory = Files.createTempDirectory(Path.of("/tmp"), "morsel-it-registry-");
      registry = CountedRegistry.start(directory.resolve("registry"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void afterAll(ExtensionContext context) {
    try {
      if (registry != null) {
        registry.close();
      }
    } finally {
      if (directory != null) {
        Directories.delete(directory);
      }
    }
  }

  CountedRegistry registry() {
    return java.util.Objects.requireNonNull(registry);
  }

  /** A reference in the registry. */
  String reference(String nameAndTag) {
    return registry().host() + "/" + nameAndTag;
  }

  /** A new empty directory. */
  Path work() {
    return java.util.Objects.requireNonNull(directory).resolve("work-" + works++);
  }

  /** Converts with {@code morsel convert}; the new reference. */
  String convert(String source, String target, Object... options) {
    Command convert = Node.morsel("convert", java.util.List.of(options), source, target);
    Recording.ensured(Node.CHECKOUT, "convert", convert).succeed();
    return target;
  }
}

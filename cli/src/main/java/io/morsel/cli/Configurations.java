package io.morsel.cli;

import io.morsel.cli.terminal.CommandException;
import io.morsel.snapshotter.ConfigException;
import io.morsel.snapshotter.MorselConfig;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Reads configurations for commands. */
final class Configurations {
  private Configurations() {}

  /**
   * Reads a file, or where none is named the default one, if it exists.
   *
   * @throws CommandException if it can't be read or is not valid
   */
  static MorselConfig load(@Nullable Path file) throws CommandException {
    try {
      return file == null ? MorselConfig.loadDefaultFile() : MorselConfig.load(file);
    } catch (ConfigException invalid) {
      throw CommandException.failed(String.valueOf(invalid.getMessage()), invalid);
    }
  }
}

package io.morsel.cli.convert;

import io.morsel.cli.terminal.CommandException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads which files come first: a path a line, or the records that {@code ctr-remote images
 * optimize --record-out} writes, a JSON object with a {@code path} a line.
 */
public final class PrioritizedFiles {
  private PrioritizedFiles() {}

  /**
   * The paths in this file, each once, in their order.
   *
   * @throws CommandException with exit code 2 if a line is neither
   * @throws IOException if the file can't be read
   */
  public static List<String> read(Path file) throws CommandException, IOException {
    Set<String> paths = new LinkedHashSet<>();
    int number = 0;
    for (String line : Files.readAllLines(file)) {
      number++;
      if (line.startsWith("{")) {
        paths.add(recorded(line, file, number));
      } else if (!line.isBlank()) {
        paths.add(line);
      }
    }
    return new ArrayList<>(paths);
  }

  private static String recorded(String line, Path file, int number) throws CommandException {
    try {
      JsonNode path = JsonMapper.shared().readTree(line).get("path");
      if (path != null && path.isString()) {
        return path.stringValue();
      }
    } catch (JacksonException e) {
      // It is said below what is wrong.
    }
    throw CommandException.usage(
        "%s, line %d: neither a path nor a record with a \"path\"".formatted(file, number));
  }
}

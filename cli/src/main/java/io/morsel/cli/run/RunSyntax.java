package io.morsel.cli.run;

import io.morsel.cli.io.SignalNumber;
import io.morsel.cli.terminal.CommandException;
import io.morsel.runtime.oci.Seccomp;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The spellings of {@code morsel run}'s options, as ctr and Docker have them. */
public final class RunSyntax {
  private static final Pattern ID = Pattern.compile("[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*");
  private static final Pattern SIZE = Pattern.compile("(\\d{1,15}(?:\\.\\d{1,9})?)([bkmgt]?)i?b?");
  private static final int MAX_ID_CHARS = 76;
  private static final int MAX_FILE_BYTES = 1 << 20;
  private static final long MIN_MEMORY_BYTES = 512 << 10;

  private RunSyntax() {}

  /**
   * Checks a container's name as containerd does.
   *
   * @throws CommandException with exit code 2 if it is none
   */
  public static String containerName(String text) throws CommandException {
    if (text.length() > MAX_ID_CHARS || !ID.matcher(text).matches()) {
      throw CommandException.usage(
          "malformed container name '"
              + text
              + "': expected at most 76 letters and digits, joined by single '.', '_' or '-'");
    }
    return text;
  }

  /**
   * Reads a size of memory: bytes, or with a suffix b, k, m, g, t, of which each is 1024 times the
   * one before.
   *
   * @throws CommandException with exit code 2 if it is malformed, or too little for any container
   */
  public static long memoryBytes(String text) throws CommandException {
    Matcher matcher = SIZE.matcher(text.toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw CommandException.usage(
          "malformed size '" + text + "': expected bytes, or a number with k, m, g or t: 512m");
    }
    int shift =
        switch (matcher.group(2)) {
          case "k" -> 10;
          case "m" -> 20;
          case "g" -> 30;
          case "t" -> 40;
          default -> 0;
        };
    BigDecimal bytes = new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(1L << shift));
    if (bytes.compareTo(BigDecimal.valueOf(MIN_MEMORY_BYTES)) < 0
        || bytes.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
      throw CommandException.usage(
          "--memory " + text + ": at least " + MIN_MEMORY_BYTES / 1024 + "k are possible");
    }
    return bytes.longValue();
  }

  /**
   * Checks a signal's name or number.
   *
   * @throws CommandException with exit code 2 if it is none
   */
  public static String signal(String text) throws CommandException {
    String name = text.toUpperCase(Locale.ROOT);
    if (SignalNumber.of(name).isEmpty()) {
      throw CommandException.usage(
          "no such signal '" + text + "': expected one as SIGTERM, TERM or 15; 'kill -l' has all");
    }
    boolean bare = !Character.isDigit(name.charAt(0)) && !name.startsWith("SIG");
    return bare ? "SIG" + name : name;
  }

  /**
   * Puts variables together: those of files, then those given.
   *
   * @param files lines of NAME=VALUE; NAME alone takes this process's value; # begins a comment
   * @param given the same, of which NAME alone is left out where this process has no such variable
   * @param environment this process's variables
   * @throws CommandException if one is malformed
   * @throws IOException if a file can't be read
   */
  public static List<String> environment(
      List<Path> files, List<String> given, Map<String, String> environment)
      throws CommandException, IOException {
    List<String> result = new ArrayList<>();
    for (Path file : files) {
      requireSmall(file);
      for (String line : Files.readAllLines(file)) {
        String text = line.stripLeading();
        if (!text.isEmpty() && !text.startsWith("#")) {
          variable(text, environment).ifPresent(result::add);
        }
      }
    }
    for (String text : given) {
      variable(text, environment).ifPresent(result::add);
    }
    return result;
  }

  private static Optional<String> variable(String text, Map<String, String> environment)
      throws CommandException {
    int equals = text.indexOf('=');
    if (equals == 0 || text.isEmpty()) {
      throw CommandException.usage("malformed variable '" + text + "': expected NAME=VALUE");
    }
    if (equals > 0) {
      return Optional.of(text);
    }
    String value = environment.get(text);
    return value == null ? Optional.empty() : Optional.of(text + "=" + value);
  }

  /**
   * Reads {@code unconfined}, {@code default}, or a file with a profile.
   *
   * @throws CommandException if the file holds none
   * @throws IOException if the file can't be read
   */
  public static Seccomp seccomp(String text) throws CommandException, IOException {
    return switch (text) {
      case "unconfined" -> new Seccomp.Unconfined();
      case "default" -> new Seccomp.Default();
      default -> {
        Path file = Path.of(text);
        requireSmall(file);
        try {
          JsonNode profile = JsonMapper.shared().readTree(Files.readAllBytes(file));
          if (profile instanceof ObjectNode object && object.path("defaultAction").isString()) {
            yield new Seccomp.Profile(object);
          }
        } catch (JacksonException e) {
          throw CommandException.failed(file + ": no JSON: " + e.getOriginalMessage(), e);
        }
        throw CommandException.failed(
            file
                + ": no seccomp profile: it has no defaultAction; see the OCI runtime"
                + " specification, config-linux.md");
      }
    };
  }

  private static void requireSmall(Path file) throws IOException, CommandException {
    if (Files.size(file) > MAX_FILE_BYTES) {
      throw CommandException.failed(file + ": larger than " + MAX_FILE_BYTES + " bytes");
    }
  }
}

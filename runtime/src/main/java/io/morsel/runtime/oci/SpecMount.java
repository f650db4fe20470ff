package io.morsel.runtime.oci;

import java.util.ArrayList;
import java.util.List;

/**
 * A mount in a container.
 *
 * @param destination where, in the container
 * @param type the filesystem, or {@code bind}
 * @param source what
 * @param options how, as mount(8) has them
 */
public record SpecMount(String destination, String type, String source, List<String> options) {
  /** Copies the options. */
  public SpecMount {
    options = List.copyOf(options);
  }

  /** A file or directory of the machine, with what is mounted below it. */
  public static SpecMount bind(String source, String destination, boolean readOnly) {
    return new SpecMount(destination, "bind", source, List.of("rbind", readOnly ? "ro" : "rw"));
  }

  /**
   * Reads {@code type=bind,src=DIR,dst=DIR,options=rbind:ro}, as ctr has it, and the other
   * spellings of Docker's: {@code source}, {@code destination}, {@code target}, {@code readonly}.
   *
   * @throws SpecException if it is malformed
   */
  public static SpecMount parse(String text) throws SpecException {
    String type = "bind";
    String source = "";
    String destination = "";
    List<String> options = new ArrayList<>();
    for (String part : text.split(",", -1)) {
      int equals = part.indexOf('=');
      String key = equals < 0 ? part : part.substring(0, equals);
      String value = equals < 0 ? "" : part.substring(equals + 1);
      switch (key) {
        case "type" -> type = value;
        case "src", "source" -> source = value;
        case "dst", "destination", "target" -> destination = value;
        case "options" -> options.addAll(List.of(value.split(":", -1)));
        case "ro", "readonly" -> {
          if (!value.equals("false")) {
            options.add("ro");
          }
        }
        case "tmpfs-size" -> options.add("size=" + value);
        case "tmpfs-mode" -> options.add("mode=" + value);
        default -> throw malformed(text, "there is no '" + key + "'");
      }
    }
    if (!destination.startsWith("/")) {
      throw malformed(text, "dst is missing, or no absolute path");
    }
    if (type.equals("bind")) {
      if (!source.startsWith("/")) {
        throw malformed(text, "src is missing, or no absolute path");
      }
      if (!options.contains("bind") && !options.contains("rbind")) {
        options.addFirst("rbind");
      }
    } else if (source.isEmpty()) {
      source = type;
    }
    return new SpecMount(destination, type, source, options);
  }

  /**
   * Reads {@code SRC:DST[:OPTION,…]}, as Docker's {@code -v} has it; the options are {@code ro},
   * {@code rw} and those of propagation.
   *
   * @throws SpecException if it is malformed
   */
  public static SpecMount parseVolume(String text) throws SpecException {
    String[] parts = text.split(":", -1);
    if (parts.length < 2
        || parts.length > 3
        || !parts[0].startsWith("/")
        || !parts[1].startsWith("/")) {
      throw new SpecException(
          "malformed volume '"
              + text
              + "': expected SRC:DST[:ro], both absolute paths; there are no named volumes");
    }
    List<String> options = new ArrayList<>(List.of("rbind"));
    if (parts.length == 3) {
      options.addAll(List.of(parts[2].split(",", -1)));
    }
    return new SpecMount(parts[1], "bind", parts[0], options);
  }

  private static SpecException malformed(String text, String why) {
    return new SpecException(
        "malformed mount '"
            + text
            + "': "
            + why
            + "; expected type=bind,src=DIR,dst=DIR,options=rbind:ro");
  }
}

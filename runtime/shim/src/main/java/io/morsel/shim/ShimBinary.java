package io.morsel.shim;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;

/** Finds the program of a runtime by the runtime's name. */
final class ShimBinary {
  private ShimBinary() {}

  /**
   * The program of a runtime: {@code containerd-shim-NAME-VERSION} on {@code path} for the last two
   * parts of a dotted name such as {@code io.containerd.runc.v2}, or the absolute path itself.
   *
   * @param path directories, separated as in {@code $PATH}
   * @throws ShimException if the name is malformed or there is no such program
   */
  static Path find(String runtime, String path) throws ShimException {
    if (runtime.startsWith("/")) {
      Path binary = Path.of(runtime);
      if (!Files.isRegularFile(binary) || !Files.isExecutable(binary)) {
        throw new ShimException(
            "failed to resolve runtime path: invalid custom binary path: "
                + runtime
                + " is no program that can be run");
      }
      return binary;
    }
    String name = name(runtime);
    for (String directory : path.split(File.pathSeparator, -1)) {
      if (directory.startsWith("/")) {
        Path binary = Path.of(directory, name);
        if (Files.isRegularFile(binary) && Files.isExecutable(binary)) {
          return binary;
        }
      }
    }
    throw new ShimException(
        "failed to resolve runtime path: runtime \""
            + runtime
            + "\" binary not installed \""
            + name
            + "\": file does not exist");
  }

  private static String name(String runtime) throws ShimException {
    String[] parts = runtime.split("\\.", -1);
    int n = parts.length;
    if (n < 2 || runtime.contains("/") || parts[n - 2].isEmpty() || parts[n - 1].isEmpty()) {
      throw new ShimException(
          "failed to resolve runtime path: invalid runtime name "
              + runtime
              + ", correct runtime name should be either format like `io.containerd.runc.v1` or a"
              + " full path to the binary");
    }
    return "containerd-shim-" + parts[n - 2] + "-" + parts[n - 1];
  }
}

package io.morsel.runtime.cni;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.MissingNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Runs plugins (CNI specification, sections 2 and 5). Safe for use by many threads.
 *
 * @param directories where the programs are, in the order in which they are looked for
 * @param limit how long one may run
 */
record Plugins(List<Path> directories, Duration limit) {
  private static final int MAX_OUTPUT_BYTES = 1 << 20;

  Plugins {
    directories = List.copyOf(directories);
  }

  /**
   * Runs one plugin.
   *
   * @param command {@code ADD}, {@code DEL} or {@code CHECK}
   * @param config what it reads
   * @param environment the variables of the specification, but for those that are the same for all
   * @return what it answered; missing where it answered nothing
   * @throws CniException if there is no such plugin, it fails, or does not end in time
   */
  JsonNode run(String command, ObjectNode config, Map<String, String> environment)
      throws CniException, InterruptedException {
    String type = config.path("type").asString("");
    Path program = find(type);
    ProcessBuilder builder = new ProcessBuilder(program.toString());
    // What the service manager says to this process alone.
    builder
        .environment()
        .keySet()
        .removeAll(List.of("NOTIFY_SOCKET", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"));
    builder.environment().putAll(environment);
    builder.environment().put("CNI_COMMAND", command);
    builder
        .environment()
        .put("CNI_PATH", directories.stream().map(Path::toString).collect(Collectors.joining(":")));
    String about = "network plugin '" + type + "' (" + command + ")";
    try {
      Process process = builder.start();
      try {
        return exchange(process, config, about);
      } finally {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
      }
    } catch (CniException e) {
      throw e;
    } catch (IOException e) {
      throw new CniException(about + " can't be run: " + e.getMessage(), e);
    }
  }

  private Path find(String type) throws CniException {
    for (Path directory : directories) {
      Path program = directory.resolve(type);
      if (Files.isExecutable(program)) {
        return program;
      }
    }
    throw new CniException(
        "there is no network plugin '"
            + type
            + "' in "
            + directories.stream().map(Path::toString).collect(Collectors.joining(", "))
            + "; install the package containernetworking-plugins, or name their directory in"
            + " CNI_PATH");
  }

  private JsonNode exchange(Process process, ObjectNode config, String about)
      throws IOException, InterruptedException {
    CompletableFuture<byte[]> out = drain(process.getInputStream());
    CompletableFuture<byte[]> errors = drain(process.getErrorStream());
    try (OutputStream in = process.getOutputStream()) {
      in.write(config.toString().getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      // It ended without having read all: its answer says why.
      out.join();
    }
    if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new CniException(about + " did not end within " + limit.toSeconds() + " s");
    }
    try {
      return answer(process.exitValue(), out.get(), errors.get(), about);
    } catch (ExecutionException e) {
      throw new CniException(about + ": its answer can't be read: " + e.getCause(), e);
    }
  }

  private static JsonNode answer(int exitCode, byte[] out, byte[] errors, String about)
      throws CniException {
    JsonNode document = MissingNode.getInstance();
    try {
      if (out.length > 0) {
        document = JsonMapper.shared().readTree(out);
      }
    } catch (JacksonException e) {
      if (exitCode == 0) {
        throw new CniException(about + " answered no JSON: " + e.getOriginalMessage(), e);
      }
    }
    if (exitCode == 0) {
      return document;
    }
    String message = document.path("msg").asString("");
    String details = document.path("details").asString("");
    if (message.isEmpty()) {
      message = new String(errors, StandardCharsets.UTF_8).strip();
    }
    throw new CniException(
        about
            + " failed: "
            + (message.isEmpty() ? "exit code " + exitCode : message)
            + (details.isEmpty() ? "" : ": " + details));
  }

  /** On threads of their own, since waiting for a pipe keeps the carrier of a virtual one. */
  private static CompletableFuture<byte[]> drain(InputStream stream) {
    CompletableFuture<byte[]> result = new CompletableFuture<>();
    Thread.ofPlatform()
        .daemon()
        .name("cni-output")
        .start(
            () -> {
              ByteArrayOutputStream kept = new ByteArrayOutputStream();
              byte[] buffer = new byte[8192];
              try (stream) {
                for (int n = stream.read(buffer); n >= 0; n = stream.read(buffer)) {
                  kept.write(buffer, 0, Math.min(n, MAX_OUTPUT_BYTES - kept.size()));
                }
                result.complete(kept.toByteArray());
              } catch (IOException e) {
                result.completeExceptionally(e);
              }
            });
    return result;
  }
}

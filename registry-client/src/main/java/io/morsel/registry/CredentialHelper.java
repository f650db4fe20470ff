package io.morsel.registry;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import tools.jackson.databind.node.ObjectNode;

/**
 * Runs {@code docker-credential-NAME get}, Docker's protocol for credentials in other programs.
 * What the program prints is never shown, as it may hold a secret.
 */
final class CredentialHelper {
  private static final int MAX_OUTPUT_BYTES = 1 << 20;
  private static final String NOT_FOUND = "credentials not found";

  /** The user name that says that the secret is an identity token. */
  private static final String TOKEN_USER = "<token>";

  private final String directory;
  private final Duration timeout;

  CredentialHelper() {
    this("", Duration.ofSeconds(30));
  }

  /**
   * A runner of helpers.
   *
   * @param directory where they are; empty for the places that PATH names
   */
  CredentialHelper(String directory, Duration timeout) {
    this.directory = directory;
    this.timeout = timeout;
  }

  Credential get(String name, String server) throws IOException {
    if (!name.chars().allMatch(c -> Texts.isAlphanumeric((char) c) || c == '-' || c == '_')) {
      throw new IOException("malformed credential helper name '" + Texts.shown(name) + "'");
    }
    String program = "docker-credential-" + name;
    String command = directory.isEmpty() ? program : Path.of(directory, program).toString();
    Process process;
    try {
      process =
          new ProcessBuilder(List.of(command, "get"))
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
    } catch (IOException e) {
      throw new IOException(
          "cannot run the credential helper " + program + " for " + server + "; is it on PATH?", e);
    }
    try {
      CompletableFuture<byte[]> output = new CompletableFuture<>();
      // Not a virtual thread: waiting for a pipe keeps the carrier, so that two slow helpers would
      // stop all virtual threads of a machine with two processors.
      Thread.ofPlatform()
          .daemon()
          .name("credential-helper")
          .start(() -> talk(process, server, output));
      byte[] answer = output.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
      boolean ended = process.waitFor(timeout.toNanos(), TimeUnit.NANOSECONDS);
      return credential(program, server, ended && process.exitValue() == 0, answer);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    } catch (TimeoutException e) {
      throw failed(program, server, "it did not answer in " + timeout.toSeconds() + " s");
    } catch (ExecutionException e) {
      throw failed(program, server, "its output cannot be read");
    } finally {
      process.destroyForcibly();
    }
  }

  private static void talk(Process process, String server, CompletableFuture<byte[]> output) {
    try (OutputStream in = process.getOutputStream()) {
      in.write(server.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      // It may answer without reading its input.
    }
    try (InputStream out = process.getInputStream()) {
      output.complete(out.readNBytes(MAX_OUTPUT_BYTES));
    } catch (IOException e) {
      output.completeExceptionally(e);
    }
  }

  private static Credential credential(String program, String server, boolean good, byte[] answer)
      throws IOException {
    if (!good) {
      if (new String(answer, StandardCharsets.UTF_8).contains(NOT_FOUND)) {
        return new Credential.Anonymous();
      }
      throw failed(program, server, "it reports an error; run it by hand to see which");
    }
    String user;
    String secret;
    try {
      ObjectNode document = Json.parseObject(answer, "its output");
      user = Json.requiredText(document, "Username", "its output");
      secret = Json.requiredText(document, "Secret", "its output");
    } catch (RegistryException e) {
      throw failed(program, server, "its output is no credential");
    }
    if (user.equals(TOKEN_USER)) {
      return new Credential.IdentityToken(secret);
    }
    return user.isEmpty() ? new Credential.Anonymous() : new Credential.UserPassword(user, secret);
  }

  private static IOException failed(String program, String server, String why) {
    return new IOException("credential helper " + program + " failed for " + server + ": " + why);
  }
}

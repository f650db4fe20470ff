package io.morsel.runtime.cni;

import io.morsel.runtime.linux.Linux;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** Network namespaces that have a name, as {@code ip netns} makes them: network_namespaces(7). */
final class NetworkNamespace {
  private static final Path OWN = Path.of("/proc/thread-self/ns/net");

  private NetworkNamespace() {}

  /**
   * Makes one, in which nothing is up yet.
   *
   * @param file where it will be mounted; must not be there
   * @throws IOException if the kernel refuses; nothing is left then
   */
  static void create(Path file) throws IOException, InterruptedException {
    Files.createDirectories(file.getParent());
    try {
      Files.createFile(file);
    } catch (FileAlreadyExistsException e) {
      throw new CniException("there is a network namespace at " + file + " already", e);
    }
    FutureTask<Void> task =
        new FutureTask<>(
            () -> {
              Linux.unshare(Linux.CLONE_NEWNET);
              Linux.mount(OWN.toString(), file, "", Linux.MS_BIND, "");
              return null;
            });
    // It is in the new namespace for the rest of its life, which ends here.
    Thread.ofPlatform().daemon().name("network-namespace").start(task);
    try {
      var _ = task.get();
    } catch (ExecutionException e) {
      delete(file);
      throw new CniException(
          "can't make a network namespace for the container: " + e.getMessage(), e);
    }
  }

  /** Takes the name away; a namespace without processes is then gone. Idempotent. */
  static void delete(Path file) throws IOException {
    if (Files.exists(file)) {
      if (!Files.getAttribute(file, "unix:dev").equals(parentDevice(file))) {
        Linux.detach(file);
      }
      Files.deleteIfExists(file);
    }
  }

  private static Object parentDevice(Path file) throws IOException {
    return Files.getAttribute(file.getParent(), "unix:dev");
  }
}

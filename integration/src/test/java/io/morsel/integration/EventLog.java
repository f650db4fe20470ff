package io.morsel.integration;

import io.morsel.bench.host.Await;
import io.morsel.bench.host.Command;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The events of a node since this was opened, as {@code ctr events} prints them, which subscribes
 * again whenever the daemon is back.
 */
final class EventLog implements AutoCloseable {
  private static final String WARM = "/namespaces/";

  private final TaskNode node;
  private final Path file;
  private @Nullable Process subscriber;

  private EventLog(TaskNode node) throws IOException {
    this.node = node;
    this.file = Files.createTempFile(node.directory(), "events", "");
  }

  static EventLog of(TaskNode node) {
    try {
      EventLog log = new EventLog(node);
      log.subscribe();
      return log;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void subscribe() {
    subscriber =
        Command.of(
                "sh",
                "-c",
                "while [ -e %1$s ]; do %2$s >> %1$s 2>/dev/null; done"
                    .formatted(file, node.ctr("events")))
            .start();
    boolean subscribed = false;
    try {
      Await.until(
          "the subscription is there",
          Node.SOON,
          () -> {
            node.ctr("namespaces", "label", node.namespace(), "warm=x").succeed();
            return all().stream().anyMatch(line -> line.contains(WARM));
          });
      subscribed = true;
    } finally {
      if (!subscribed) {
        close();
      }
    }
  }

  private List<String> all() {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The events of containers and tasks until now. */
  List<String> lines() {
    return all().stream().filter(line -> !line.contains(WARM)).toList();
  }

  /** Waits for an event. */
  void await(Predicate<String> wanted) {
    Await.until("an event has come", Node.SOON, () -> lines().stream().anyMatch(wanted));
  }

  @Override
  public void close() {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      if (subscriber != null) {
        Command.end(subscriber);
      }
    }
  }
}

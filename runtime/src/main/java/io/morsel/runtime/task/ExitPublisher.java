package io.morsel.runtime.task;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.api.events.TaskDelete;
import io.morsel.containerd.api.events.TaskExit;
import io.morsel.containerd.api.shim.DeleteResponse;
import io.morsel.runtime.event.Exchange;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Publishes how processes ended, each exit once, whoever tells of it. Safe for many threads. */
final class ExitPublisher {
  static final String EXIT_TOPIC = "/tasks/exit";

  private static final Logger log = LoggerFactory.getLogger(ExitPublisher.class);
  private static final String DELETE_TOPIC = "/tasks/delete";

  private final Exchange events;

  /** Of the tasks that there are, and of those that are being made. */
  private final Map<TaskKey, ExitRecords> records = new ConcurrentHashMap<>();

  ExitPublisher(Exchange events) {
    this.events = events;
  }

  /** Publishes an event. */
  @FunctionalInterface
  interface Publication {
    /** Publishes it, or refuses it. */
    void run() throws ContainerdException;
  }

  /** Goes by these records from now on. */
  void add(TaskKey key, ExitRecords exits) {
    records.put(key, exits);
  }

  /** The task is gone; another one of its name has records of its own. */
  void remove(TaskKey key, ExitRecords exits) {
    records.remove(key, exits);
  }

  /** Publishes an exit that a shim tells of, unless it was published. */
  void exit(String namespace, TaskExit exit, Publication publication) throws ContainerdException {
    if (claim(namespace, exit)) {
      publication.run();
    } else {
      log.debug("the exit of {} in {} was published", exit.getId(), exit.getContainerId());
    }
  }

  /** Publishes an exit that no shim tells of, unless it was published. */
  void exit(String namespace, TaskExit exit) {
    if (claim(namespace, exit)) {
      events.publish(namespace, EXIT_TOPIC, exit);
    }
  }

  private boolean claim(String namespace, TaskExit exit) {
    ExitRecords exits = records.get(new TaskKey(namespace, exit.getContainerId()));
    if (exits == null) {
      return true;
    }
    if (!exit.getId().equals(exit.getContainerId())) {
      return exits.claim(exit.getId(), ExitRecords.Exit.of(exit));
    }
    // An exec may have the container's name: the two can't be told apart, and none may be lost.
    return exits.knows(exit.getId()) || exits.claim(ExitRecords.FIRST, ExitRecords.Exit.of(exit));
  }

  /** Publishes that a task's first process ended, unless that was published. */
  void firstExit(TaskKey key, ExitRecords exits, DeleteResponse end) {
    if (exits.claim(ExitRecords.FIRST, ExitRecords.Exit.of(end))) {
      events.publish(
          key.namespace(),
          EXIT_TOPIC,
          TaskExit.newBuilder()
              .setContainerId(key.id())
              .setId(key.id())
              .setPid(end.getPid())
              .setExitStatus(end.getExitStatus())
              .setExitedAt(end.getExitedAt())
              .build());
    }
  }

  /** Publishes how a task ended whose shim is dead. */
  void end(TaskKey key, ExitRecords exits, DeleteResponse end) {
    firstExit(key, exits, end);
    events.publish(
        key.namespace(),
        DELETE_TOPIC,
        TaskDelete.newBuilder()
            .setContainerId(key.id())
            .setPid(end.getPid())
            .setExitStatus(end.getExitStatus())
            .setExitedAt(end.getExitedAt())
            .build());
  }
}

package io.morsel.cli.core;

import io.grpc.Channel;
import io.grpc.StatusException;
import io.grpc.stub.AbstractStub;
import io.morsel.cli.terminal.CommandException;
import io.morsel.containerd.CallHeaders;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.UnixChannel;
import io.morsel.containerd.api.containers.ContainersGrpc;
import io.morsel.containerd.api.content.ContentGrpc;
import io.morsel.containerd.api.eventservice.EventsGrpc;
import io.morsel.containerd.api.images.ImagesGrpc;
import io.morsel.containerd.api.introspection.IntrospectionGrpc;
import io.morsel.containerd.api.leases.LeasesGrpc;
import io.morsel.containerd.api.namespaces.NamespacesGrpc;
import io.morsel.containerd.api.snapshots.SnapshotsGrpc;
import io.morsel.containerd.api.tasks.TasksGrpc;
import io.morsel.containerd.api.version.VersionGrpc;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * A connection to a Morsel core, or to a containerd, that works in one namespace.
 *
 * <p>Its stubs end a call after {@link #CALL_SECONDS}, but for those that wait for something:
 * {@link #waitingTasks} and others whose names begin so. Safe for use by many threads.
 */
public final class CoreClient implements AutoCloseable {
  /** How long a call may take that only looks something up or changes metadata. */
  public static final int CALL_SECONDS = 60;

  private final UnixChannel connection;
  private final Channel channel;
  private final Path address;
  private final String namespace;

  private CoreClient(UnixChannel connection, Path address, String namespace) {
    this.connection = connection;
    this.address = address;
    this.namespace = namespace;
    this.channel = connection.channel(CallHeaders.namespace(namespace));
  }

  /**
   * Connects.
   *
   * @throws CommandException if nobody listens at the address, or this user may not connect to it
   */
  public static CoreClient connect(Path address, String namespace) throws CommandException {
    if (!Files.exists(address)) {
      throw CommandException.failed(
          "no core or containerd at "
              + address
              + ": there is no such socket; start 'morsel core' or containerd, or name the socket of"
              + " one with --address");
    }
    try {
      return new CoreClient(UnixChannel.connect(address), address, namespace);
    } catch (IOException failure) {
      String why = String.valueOf(failure.getMessage());
      String advice =
          why.contains("ermission")
              ? "; run as root, or as a user who may write to the socket"
              : "; is 'morsel core' or containerd running?";
      throw CommandException.failed("can't connect to " + address + ": " + why + advice, failure);
    }
  }

  /** Where it is connected to. */
  public Path address() {
    return address;
  }

  /** The namespace it works in. */
  public String namespace() {
    return namespace;
  }

  /** The channel for stubs; calls on it are made in the namespace and have no deadline. */
  public Channel channel() {
    return channel;
  }

  /** The channel for stubs whose calls are made in the namespace and under a lease. */
  Channel leased(String lease) {
    return connection.channel(CallHeaders.namespace(namespace), CallHeaders.lease(lease));
  }

  /** A stub for containers. */
  public ContainersGrpc.ContainersBlockingV2Stub containers() {
    return limited(ContainersGrpc.newBlockingV2Stub(channel));
  }

  /** A stub for content. */
  public ContentGrpc.ContentBlockingV2Stub content() {
    return limited(ContentGrpc.newBlockingV2Stub(channel));
  }

  /** A stub for images. */
  public ImagesGrpc.ImagesBlockingV2Stub images() {
    return limited(ImagesGrpc.newBlockingV2Stub(channel));
  }

  /** A stub for leases. */
  public LeasesGrpc.LeasesBlockingV2Stub leases() {
    return limited(LeasesGrpc.newBlockingV2Stub(channel));
  }

  /** A stub for namespaces. */
  public NamespacesGrpc.NamespacesBlockingV2Stub namespaces() {
    return limited(NamespacesGrpc.newBlockingV2Stub(channel));
  }

  /** A stub for snapshots. */
  public SnapshotsGrpc.SnapshotsBlockingV2Stub snapshots() {
    return limited(SnapshotsGrpc.newBlockingV2Stub(channel));
  }

  /** A stub for tasks. */
  public TasksGrpc.TasksBlockingV2Stub tasks() {
    return limited(TasksGrpc.newBlockingV2Stub(channel));
  }

  /** A stub for tasks whose calls have no deadline: for {@code Wait}. */
  public TasksGrpc.TasksBlockingV2Stub waitingTasks() {
    return TasksGrpc.newBlockingV2Stub(channel);
  }

  /** A stub for events whose calls have no deadline. */
  public EventsGrpc.EventsBlockingV2Stub waitingEvents() {
    return EventsGrpc.newBlockingV2Stub(channel);
  }

  /** A stub for what the core is made of. */
  public IntrospectionGrpc.IntrospectionBlockingV2Stub introspection() {
    return limited(IntrospectionGrpc.newBlockingV2Stub(channel));
  }

  /** A stub for images whose calls have no deadline: for those that wait for a collection. */
  public ImagesGrpc.ImagesBlockingV2Stub waitingImages() {
    return ImagesGrpc.newBlockingV2Stub(channel);
  }

  /** A stub for leases whose calls have no deadline: for those that wait for a collection. */
  public LeasesGrpc.LeasesBlockingV2Stub waitingLeases() {
    return LeasesGrpc.newBlockingV2Stub(channel);
  }

  /** A stub for the core's version. */
  public VersionGrpc.VersionBlockingV2Stub version() {
    return limited(VersionGrpc.newBlockingV2Stub(channel));
  }

  private static <S extends AbstractStub<S>> S limited(S stub) {
    return stub.withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
  }

  /** What the core said of a failure. */
  public static String message(StatusException failure) {
    return String.valueOf(ContainerdException.of(failure).getMessage());
  }

  /** Whether a call failed in this way. */
  public static boolean is(StatusException failure, ErrorClass errorClass) {
    return ContainerdException.of(failure).errorClass() == errorClass;
  }

  /** The failure of a call, said to the user: {@code WHAT: what the core said}. */
  public static CommandException failed(String what, StatusException failure) {
    return CommandException.failed(what + ": " + message(failure), failure);
  }

  /** Closes the connection; nothing in the core changes. */
  @Override
  public void close() {
    connection.close();
  }
}

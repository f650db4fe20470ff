package io.morsel.runtime;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import io.morsel.containerd.RawCalls;
import io.morsel.containerd.api.containers.Container;
import io.morsel.containerd.api.containers.ContainersGrpc;
import io.morsel.containerd.api.containers.CreateContainerRequest;
import io.morsel.containerd.api.containers.DeleteContainerRequest;
import io.morsel.containerd.api.containers.GetContainerRequest;
import io.morsel.containerd.api.content.ContentGrpc;
import io.morsel.containerd.api.content.InfoRequest;
import io.morsel.containerd.api.content.ReadContentRequest;
import io.morsel.containerd.api.images.GetImageRequest;
import io.morsel.containerd.api.images.ImagesGrpc;
import io.morsel.containerd.api.leases.AddResourceRequest;
import io.morsel.containerd.api.leases.CreateRequest;
import io.morsel.containerd.api.leases.DeleteRequest;
import io.morsel.containerd.api.leases.LeasesGrpc;
import io.morsel.containerd.api.leases.Resource;
import io.morsel.containerd.api.snapshots.MountsRequest;
import io.morsel.containerd.api.snapshots.PrepareSnapshotRequest;
import io.morsel.containerd.api.snapshots.RemoveSnapshotRequest;
import io.morsel.containerd.api.snapshots.SnapshotsGrpc;
import io.morsel.containerd.api.snapshots.StatSnapshotRequest;
import io.morsel.containerd.api.tasks.CreateTaskRequest;
import io.morsel.containerd.api.tasks.DeleteTaskRequest;
import io.morsel.containerd.api.tasks.GetRequest;
import io.morsel.containerd.api.tasks.StartRequest;
import io.morsel.containerd.api.tasks.TasksGrpc;
import io.morsel.containerd.api.tasks.WaitRequest;
import io.morsel.runtime.task.RehearsalShim;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/**
 * Runs containers as a client does whose image is there, often enough for the virtual machine to
 * record not only which classes that takes, but which methods are worth compiling: what a client
 * waits for at a core that has just started is mostly the interpreter.
 */
final class RunRehearsal {
  private static final int RUNS = 40;

  /** Documents of an image that a client reads, one by one, for a run. */
  private static final int READS = 5;

  private static final String SNAPSHOTTER = "overlayfs";
  private static final String ID = "run";

  private final Path directory;
  private final Path address;
  private final String namespace;

  /**
   * One in a namespace of a core.
   *
   * @param directory for what stands in for a shim
   * @param address the core's socket
   */
  RunRehearsal(Path directory, Path address, String namespace) {
    this.directory = directory;
    this.address = address;
    this.namespace = namespace;
  }

  /**
   * Runs them.
   *
   * @param image that the core has
   * @param digest of content that it has
   * @throws IOException if the core does not, in the end, start and delete a task
   */
  void run(String image, String digest) throws IOException {
    for (int i = 0; i < RUNS; i++) {
      // Clients such as ctr connect anew for each.
      try (RehearsalShim shim = RehearsalShim.start(directory, address, namespace);
          RawCalls calls = RawCalls.open(address, Map.of("containerd-namespace", namespace))) {
        lookAt(calls, image, digest);
        create(calls, shim.program());
        runTask(calls, ID);
        delete(calls);
        if (!shim.isDone()) {
          throw new IOException("no container was run; the log says why");
        }
      }
    }
  }

  private static void lookAt(RawCalls calls, String image, String digest) throws IOException {
    for (int i = 0; i < READS; i++) {
      calls.call(ImagesGrpc.getGetMethod(), GetImageRequest.newBuilder().setName(image).build());
      calls.call(ContentGrpc.getInfoMethod(), InfoRequest.newBuilder().setDigest(digest).build());
      calls.call(
          ContentGrpc.getReadMethod(), ReadContentRequest.newBuilder().setDigest(digest).build());
    }
    calls.call(
        SnapshotsGrpc.getStatMethod(),
        StatSnapshotRequest.newBuilder().setSnapshotter(SNAPSHOTTER).setKey("none").build());
  }

  private static void create(RawCalls calls, Path runtime) throws IOException {
    calls.call(LeasesGrpc.getCreateMethod(), CreateRequest.newBuilder().setId(ID).build());
    calls.call(
        SnapshotsGrpc.getPrepareMethod(),
        PrepareSnapshotRequest.newBuilder().setSnapshotter(SNAPSHOTTER).setKey(ID).build());
    calls.call(
        LeasesGrpc.getAddResourceMethod(),
        AddResourceRequest.newBuilder()
            .setId(ID)
            .setResource(Resource.newBuilder().setId(ID).setType("snapshots/" + SNAPSHOTTER))
            .build());
    calls.call(
        SnapshotsGrpc.getMountsMethod(),
        MountsRequest.newBuilder().setSnapshotter(SNAPSHOTTER).setKey(ID).build());
    Container container =
        Container.newBuilder()
            .setId(ID)
            .setSnapshotter(SNAPSHOTTER)
            .setSnapshotKey(ID)
            .setRuntime(Container.Runtime.newBuilder().setName(runtime.toString()))
            .setSpec(Any.newBuilder().setTypeUrl("spec").setValue(ByteString.copyFromUtf8("{}")))
            .build();
    calls.call(
        ContainersGrpc.getCreateMethod(),
        CreateContainerRequest.newBuilder().setContainer(container).build());
    calls.call(LeasesGrpc.getDeleteMethod(), DeleteRequest.newBuilder().setId(ID).build());
    calls.call(ContainersGrpc.getGetMethod(), GetContainerRequest.newBuilder().setId(ID).build());
  }

  /** Has a container's task created, started, waited for, looked at and deleted. */
  static void runTask(RawCalls calls, String id) throws IOException {
    calls.call(
        TasksGrpc.getCreateMethod(), CreateTaskRequest.newBuilder().setContainerId(id).build());
    calls.call(TasksGrpc.getStartMethod(), StartRequest.newBuilder().setContainerId(id).build());
    calls.call(TasksGrpc.getWaitMethod(), WaitRequest.newBuilder().setContainerId(id).build());
    calls.call(TasksGrpc.getGetMethod(), GetRequest.newBuilder().setContainerId(id).build());
    calls.call(
        TasksGrpc.getDeleteMethod(), DeleteTaskRequest.newBuilder().setContainerId(id).build());
  }

  private static void delete(RawCalls calls) throws IOException {
    calls.call(
        ContainersGrpc.getDeleteMethod(), DeleteContainerRequest.newBuilder().setId(ID).build());
    calls.call(
        SnapshotsGrpc.getRemoveMethod(),
        RemoveSnapshotRequest.newBuilder().setSnapshotter(SNAPSHOTTER).setKey(ID).build());
  }
}

package io.morsel.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Empty;
import com.google.protobuf.FieldMask;
import io.grpc.BindableService;
import io.morsel.containerd.RawCalls;
import io.morsel.containerd.api.containers.Container;
import io.morsel.containerd.api.containers.ContainersGrpc;
import io.morsel.containerd.api.containers.CreateContainerRequest;
import io.morsel.containerd.api.containers.DeleteContainerRequest;
import io.morsel.containerd.api.containers.GetContainerRequest;
import io.morsel.containerd.api.content.ContentGrpc;
import io.morsel.containerd.api.content.Info;
import io.morsel.containerd.api.content.InfoRequest;
import io.morsel.containerd.api.content.ReadContentRequest;
import io.morsel.containerd.api.content.UpdateRequest;
import io.morsel.containerd.api.content.WriteAction;
import io.morsel.containerd.api.content.WriteContentRequest;
import io.morsel.containerd.api.images.CreateImageRequest;
import io.morsel.containerd.api.images.GetImageRequest;
import io.morsel.containerd.api.images.Image;
import io.morsel.containerd.api.images.ImagesGrpc;
import io.morsel.containerd.api.leases.CreateRequest;
import io.morsel.containerd.api.leases.DeleteRequest;
import io.morsel.containerd.api.leases.LeasesGrpc;
import io.morsel.containerd.api.runs.CreateRunRequest;
import io.morsel.containerd.api.runs.RunProcess;
import io.morsel.containerd.api.runs.RunRuntime;
import io.morsel.containerd.api.runs.RunsGrpc;
import io.morsel.containerd.api.snapshots.MountsRequest;
import io.morsel.containerd.api.snapshots.PrepareSnapshotRequest;
import io.morsel.containerd.api.snapshots.RemoveSnapshotRequest;
import io.morsel.containerd.api.snapshots.SnapshotsGrpc;
import io.morsel.containerd.api.snapshots.StatSnapshotRequest;
import io.morsel.containerd.api.tasks.GetRequest;
import io.morsel.containerd.api.tasks.TasksGrpc;
import io.morsel.containerd.api.types.Descriptor;
import io.morsel.containerd.api.version.VersionGrpc;
import io.morsel.registry.ChainIds;
import io.morsel.registry.Digest;
import io.morsel.registry.Manifest;
import io.morsel.registry.MediaTypes;
import io.morsel.registry.Platform;
import io.morsel.runtime.task.RehearsalShim;
import io.morsel.snapshotter.WarmUpRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The calls by which {@code ctr-remote images rpull}, {@code ctr containers create} and {@code ctr
 * tasks start} take a lazily pulled image to a container that has run, in their order: containerd's
 * client library is behind all of them, and behind nerdctl. Some containers are made as {@code
 * morsel run} has them made.
 */
final class StartRehearsal {
  private static final String SNAPSHOTTER = "morsel";
  private static final String ID = "start";
  private static final String PULL = "pull";
  private static final String CREATE = "create";
  private static final String NO_LEASE = "";

  /** How often making a container has its client read the image's manifest and configuration. */
  private static final int READS = 6;

  /** Of so many containers one is made in one call, the second first. */
  private static final int ONE_CALL_EVERY = 3;

  /** Of containers made by {@code ctr}: a specification of some kilobytes. */
  private static final ByteString SPEC =
      ByteString.copyFromUtf8("{\"text\":\"" + "x".repeat(6_000) + "\"}");

  private final Path directory;
  private final Path address;
  private final String namespace;
  private final WarmUpRegistry registry;
  private final boolean inOneCall;

  /**
   * One in a namespace of a core.
   *
   * @param directory for what stands in for a shim
   * @param address the core's socket
   * @param registry which has the image
   * @param inOneCall whether the core makes containers in one call, too: some are made so
   */
  StartRehearsal(
      Path directory, Path address, String namespace, WarmUpRegistry registry, boolean inOneCall) {
    this.directory = directory;
    this.address = address;
    this.namespace = namespace;
    this.registry = registry;
    this.inOneCall = inOneCall;
  }

  /** Whether a core makes containers in one call that has these services. */
  static boolean hasOneCall(List<BindableService> services) {
    return services.stream()
        .anyMatch(
            service ->
                service
                    .bindService()
                    .getServiceDescriptor()
                    .getName()
                    .equals(RunsGrpc.SERVICE_NAME));
  }

  /**
   * Goes through one start.
   *
   * @param round another one each time, since each pulls something new
   * @throws IOException if the core does not, in the end, start and delete a task
   */
  void run(int round) throws IOException {
    Documents documents = Documents.of(registry.layerCount(), round);
    String image = registry.reference() + "-" + round;
    // Each of them is a process of its own.
    try (RawCalls calls = connect(PULL)) {
      calls.call(VersionGrpc.getVersionMethod(), Empty.getDefaultInstance());
      pull(calls, image, documents);
    }
    try (RehearsalShim shim = RehearsalShim.start(directory, address, namespace)) {
      try (RawCalls calls = connect(CREATE)) {
        if (inOneCall && round % ONE_CALL_EVERY == 1) {
          createInOneCall(calls, image, shim.program());
        } else {
          create(calls, image, documents, shim.program());
        }
      }
      try (RawCalls calls = connect(NO_LEASE)) {
        runTask(calls);
      }
      if (!shim.isDone()) {
        throw new IOException("no container was run; the log says why");
      }
    }
    try (RawCalls calls = connect(NO_LEASE)) {
      delete(calls);
    }
  }

  /**
   * Connects.
   *
   * @param lease what keeps the garbage collector from what is made over this connection
   */
  private RawCalls connect(String lease) throws IOException {
    return RawCalls.open(
        address,
        lease.isEmpty()
            ? Map.of("containerd-namespace", namespace)
            : Map.of("containerd-namespace", namespace, "containerd-lease", lease));
  }

  /**
   * An image, unlike any other round's.
   *
   * @param layers the names of its layers' snapshots, from the lowest on
   */
  private record Documents(Document manifest, Document config, List<String> layers) {
    static Documents of(int layerCount, int round) {
      List<Digest> diffIds = new ArrayList<>();
      for (int i = 0; i < layerCount; i++) {
        diffIds.add(Digest.of("layer %d of round %d".formatted(i, round).getBytes(UTF_8)));
      }
      byte[] config =
          """
          {"os":"linux","architecture":"%s","text":"%s","config":{"Cmd":["/bin/a"]},\
          "rootfs":{"type":"layers","diff_ids":["%s"]}}"""
              .formatted(
                  Platform.current().architecture(),
                  "x".repeat(1_000),
                  diffIds.stream().map(Digest::toString).collect(Collectors.joining("\",\"")))
              .getBytes(UTF_8);
      byte[] manifest =
          new Manifest(
                  MediaTypes.OCI_MANIFEST,
                  io.morsel.registry.Descriptor.of(MediaTypes.OCI_CONFIG, config),
                  List.of(),
                  Map.of("text", "x".repeat(1_000)))
              .toJson();
      return new Documents(
          Document.of(MediaTypes.OCI_MANIFEST, "manifest", manifest),
          Document.of(MediaTypes.OCI_CONFIG, "config", config),
          ChainIds.of(diffIds));
    }
  }

  /** Part of an image. */
  private record Document(String mediaType, String name, ByteString content, String digest) {
    static Document of(String mediaType, String name, byte[] content) {
      return new Document(
          mediaType, name, ByteString.copyFrom(content), Digest.of(content).toString());
    }
  }

  private void pull(RawCalls calls, String image, Documents documents) throws IOException {
    Document manifest = documents.manifest();
    Document config = documents.config();
    calls.call(
        LeasesGrpc.getCreateMethod(),
        CreateRequest.newBuilder()
            .setId(PULL)
            .putLabels("containerd.io/gc.expire", "2100-01-01T00:00:00Z")
            .build());
    write(calls, manifest);
    read(calls, manifest);
    label(calls, manifest, "containerd.io/gc.ref.content.config", config.digest());
    info(calls, manifest);
    label(calls, manifest, "containerd.io/distribution.source.localhost", "rehearsal");
    write(calls, config);
    info(calls, config);
    label(calls, config, "containerd.io/distribution.source.localhost", "rehearsal");
    read(calls, config);
    String parent = "";
    for (int i = 0; i < registry.layerCount(); i++) {
      String layer = documents.layers().get(i);
      stat(calls, layer);
      calls.call(
          SnapshotsGrpc.getPrepareMethod(),
          PrepareSnapshotRequest.newBuilder()
              .setSnapshotter(SNAPSHOTTER)
              .setKey("extract " + layer)
              .setParent(parent)
              .putAllLabels(registry.stargzLabels(i, layer))
              .build());
      stat(calls, layer);
      parent = layer;
    }
    label(calls, config, "containerd.io/gc.ref.snapshot." + SNAPSHOTTER, parent);
    calls.call(
        ImagesGrpc.getCreateMethod(),
        CreateImageRequest.newBuilder()
            .setImage(
                Image.newBuilder()
                    .setName(image)
                    .setTarget(
                        Descriptor.newBuilder()
                            .setMediaType(manifest.mediaType())
                            .setDigest(manifest.digest())
                            .setSize(manifest.content().size())))
            .build());
    calls.call(LeasesGrpc.getDeleteMethod(), DeleteRequest.newBuilder().setId(PULL).build());
  }

  private static void create(RawCalls calls, String image, Documents documents, Path runtime)
      throws IOException {
    String layer = documents.layers().getLast();
    calls.call(ImagesGrpc.getGetMethod(), GetImageRequest.newBuilder().setName(image).build());
    stat(calls, layer);
    calls.call(LeasesGrpc.getCreateMethod(), CreateRequest.newBuilder().setId(CREATE).build());
    for (int i = 0; i < READS; i++) {
      read(calls, documents.manifest());
      read(calls, documents.config());
    }
    calls.call(
        SnapshotsGrpc.getPrepareMethod(),
        PrepareSnapshotRequest.newBuilder()
            .setSnapshotter(SNAPSHOTTER)
            .setKey(ID)
            .setParent(layer)
            .build());
    mounts(calls);
    calls.call(
        ContainersGrpc.getCreateMethod(),
        CreateContainerRequest.newBuilder()
            .setContainer(
                Container.newBuilder()
                    .setId(ID)
                    .putLabels("io.containerd.image.config.stop-signal", "SIGTERM")
                    .setImage(image)
                    .setSnapshotter(SNAPSHOTTER)
                    .setSnapshotKey(ID)
                    .setRuntime(
                        Container.Runtime.newBuilder()
                            .setName(runtime.toString())
                            .setOptions(Any.newBuilder().setTypeUrl("options")))
                    .setSpec(Any.newBuilder().setTypeUrl("spec").setValue(SPEC)))
            .build());
    calls.call(LeasesGrpc.getDeleteMethod(), DeleteRequest.newBuilder().setId(CREATE).build());
  }

  /** As {@code morsel run} has a Morsel core make it. FIFOs would be outside of the directory. */
  private static void createInOneCall(RawCalls calls, String image, Path runtime)
      throws IOException {
    calls.call(
        RunsGrpc.getCreateMethod(),
        CreateRunRequest.newBuilder()
            .setId(ID)
            .setImage(image)
            .setSnapshotter(SNAPSHOTTER)
            .setProcess(RunProcess.newBuilder().addArguments("/bin/a").addEnv("A=b"))
            .setRuntime(RunRuntime.newBuilder().setName(runtime.toString()))
            .build());
  }

  private static void runTask(RawCalls calls) throws IOException {
    for (int i = 0; i < 4; i++) {
      container(calls);
    }
    mounts(calls);
    RunRehearsal.runTask(calls, ID);
    calls.call(TasksGrpc.getGetMethod(), GetRequest.newBuilder().setContainerId(ID).build());
  }

  private static void delete(RawCalls calls) throws IOException {
    container(calls);
    calls.call(
        SnapshotsGrpc.getRemoveMethod(),
        RemoveSnapshotRequest.newBuilder().setSnapshotter(SNAPSHOTTER).setKey(ID).build());
    calls.call(
        ContainersGrpc.getDeleteMethod(), DeleteContainerRequest.newBuilder().setId(ID).build());
  }

  /** As containerd's content store client does: it asks twice how far the writing has come. */
  private static void write(RawCalls calls, Document document) throws IOException {
    WriteContentRequest whole =
        WriteContentRequest.newBuilder()
            .setRef(document.name() + "-" + document.digest())
            .setTotal(document.content().size())
            .setExpected(document.digest())
            .build();
    WriteContentRequest stat = WriteContentRequest.getDefaultInstance();
    calls.call(
        ContentGrpc.getWriteMethod(),
        List.of(
            whole,
            stat,
            stat,
            WriteContentRequest.newBuilder()
                .setAction(WriteAction.WRITE)
                .setData(document.content())
                .build(),
            WriteContentRequest.newBuilder()
                .setAction(WriteAction.COMMIT)
                .setTotal(document.content().size())
                .setExpected(document.digest())
                .setOffset(document.content().size())
                .build()));
  }

  private static void info(RawCalls calls, Document document) throws IOException {
    calls.call(
        ContentGrpc.getInfoMethod(), InfoRequest.newBuilder().setDigest(document.digest()).build());
  }

  private static void read(RawCalls calls, Document document) throws IOException {
    info(calls, document);
    calls.call(
        ContentGrpc.getReadMethod(),
        ReadContentRequest.newBuilder()
            .setDigest(document.digest())
            .setSize(document.content().size())
            .build());
  }

  private static void label(RawCalls calls, Document document, String name, String value)
      throws IOException {
    calls.call(
        ContentGrpc.getUpdateMethod(),
        UpdateRequest.newBuilder()
            .setInfo(Info.newBuilder().setDigest(document.digest()).putLabels(name, value))
            .setUpdateMask(FieldMask.newBuilder().addPaths("labels." + name))
            .build());
  }

  private static void stat(RawCalls calls, String key) throws IOException {
    calls.call(
        SnapshotsGrpc.getStatMethod(),
        StatSnapshotRequest.newBuilder().setSnapshotter(SNAPSHOTTER).setKey(key).build());
  }

  private static void mounts(RawCalls calls) throws IOException {
    calls.call(
        SnapshotsGrpc.getMountsMethod(),
        MountsRequest.newBuilder().setSnapshotter(SNAPSHOTTER).setKey(ID).build());
  }

  private static void container(RawCalls calls) throws IOException {
    calls.call(ContainersGrpc.getGetMethod(), GetContainerRequest.newBuilder().setId(ID).build());
  }
}

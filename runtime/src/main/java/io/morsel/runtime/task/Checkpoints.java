package io.morsel.runtime.task;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.containers.Container;
import io.morsel.containerd.api.shim.CheckpointTaskRequest;
import io.morsel.containerd.api.shim.runc.CheckpointOptions;
import io.morsel.containerd.api.shim.runc.Options;
import io.morsel.containerd.api.tasks.CreateTaskRequest;
import io.morsel.containerd.api.types.Descriptor;
import io.morsel.runtime.content.ContentStore;
import io.morsel.runtime.content.ContentWriter;
import io.morsel.runtime.store.GoText;
import io.morsel.runtime.store.Scope;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Checkpoints of tasks: directories that CRIU wrote, as the content store keeps them and as a new
 * task is restored from them. Safe for use by many threads.
 */
final class Checkpoints {
  private static final String TAR_TYPE =
      "application/vnd.containerd.container.criu.checkpoint.criu.tar";
  private static final String CONFIG_TYPE =
      "application/vnd.containerd.container.checkpoint.config.v1+proto";

  /** The runtimes whose options name directories of their own. */
  private static final String RUNC = "io.containerd.runc";

  private static final String OPTIONS = Options.getDescriptor().getFullName();
  private static final String CHECKPOINT_OPTIONS = CheckpointOptions.getDescriptor().getFullName();

  private final ContentStore content;

  /** Checkpoints in {@code content}. */
  Checkpoints(ContentStore content) {
    this.content = content;
  }

  private static void delete(Path path) throws ContainerdException {
    try {
      CheckpointArchive.deleteTree(path);
    } catch (IOException e) {
      throw TaskManager.failure("can't delete checkpoint " + path, e);
    }
  }

  /**
   * What a task is to be restored from, as its request says.
   *
   * @param directory where to unpack a checkpoint; it is needed until the task has started
   * @return the checkpoint's directory; empty where nothing is to be restored
   */
  String restore(String namespace, Container container, CreateTaskRequest request, Path directory)
      throws ContainerdException {
    String runtime = container.getRuntime().getName();
    if (request.hasOptions() && isRunc(runtime)) {
      Options options =
          options(request.getOptions(), OPTIONS, "create", runtime, Options::parseFrom);
      if (!options.getCriuImagePath().isEmpty()) {
        return options.getCriuImagePath();
      }
    }
    if (!request.hasCheckpoint()) {
      return "";
    }
    Descriptor checkpoint = request.getCheckpoint();
    if (!checkpoint.getMediaType().equals(TAR_TYPE)) {
      throw new ContainerdException(
          ErrorClass.UNKNOWN,
          "unsupported checkpoint type " + GoText.quote(checkpoint.getMediaType()));
    }
    try (InputStream tar =
        Channels.newInputStream(content.open(namespace, checkpoint.getDigest()))) {
      Files.createDirectory(directory);
      CheckpointArchive.extract(tar, directory);
      return directory.toString();
    } catch (IOException e) {
      throw TaskManager.failure("can't unpack checkpoint " + checkpoint.getDigest(), e);
    }
  }

  /** On the disk, and removed with the bundle where the core is killed. */
  private static Path temporary(Task task) throws ContainerdException {
    try {
      return Files.createTempDirectory(
          task.shim().bundle().path().resolve("work"), "ctrd-checkpoint");
    } catch (IOException e) {
      throw TaskManager.failure("can't make a directory for a checkpoint", e);
    }
  }

  /**
   * Checkpoints a task.
   *
   * @param options the runtime's; where they name a directory, the checkpoint is left there
   * @return the checkpoint and the container's specification in the content store
   */
  List<Descriptor> checkpoint(Scope scope, Container container, Task task, Any options)
      throws ContainerdException, InterruptedException {
    String runtime = container.getRuntime().getName();
    if (!options.getTypeUrl().isEmpty() && isRunc(runtime)) {
      String path =
          options(options, CHECKPOINT_OPTIONS, "checkpoint", runtime, CheckpointOptions::parseFrom)
              .getImagePath();
      if (!path.isEmpty()) {
        run(task, path, options);
        return List.of();
      }
    }
    Path image = temporary(task);
    try {
      run(task, image.toString(), options);
      return List.of(
          write(scope, TAR_TYPE, image.toString(), out -> CheckpointArchive.write(image, out)),
          write(
              scope,
              CONFIG_TYPE,
              image.resolve("spec").toString(),
              out -> container.getSpec().writeTo(out)));
    } finally {
      delete(image);
    }
  }

  private static void run(Task task, String path, Any options)
      throws ContainerdException, InterruptedException {
    CheckpointTaskRequest.Builder request =
        CheckpointTaskRequest.newBuilder().setId(task.id()).setPath(path);
    if (!options.getTypeUrl().isEmpty()) {
      request.setOptions(options);
    }
    task.client().checkpoint(request.build());
  }

  private interface Bytes {
    void writeTo(OutputStream out) throws IOException;
  }

  private Descriptor write(Scope scope, String mediaType, String ref, Bytes bytes)
      throws ContainerdException {
    try (ContentWriter writer = content.writer(scope, ref, 0, "")) {
      try {
        bytes.writeTo(writer.stream());
      } catch (IOException e) {
        throw TaskManager.failure("can't write checkpoint " + ref, e);
      }
      long size = writer.offsetBytes();
      String digest = writer.digest();
      try {
        writer.commit(0, "", Map.of());
      } catch (ContainerdException e) {
        if (e.errorClass() != ErrorClass.ALREADY_EXISTS) {
          throw e;
        }
      }
      return Descriptor.newBuilder()
          .setMediaType(mediaType)
          .setDigest(digest)
          .setSize(size)
          .build();
    }
  }

  private interface Parser<T> {
    T parse(com.google.protobuf.ByteString bytes) throws InvalidProtocolBufferException;
  }

  private static <T> T options(
      Any options, String type, String what, String runtime, Parser<T> parser)
      throws ContainerdException {
    String url = options.getTypeUrl();
    try {
      if (url.substring(url.lastIndexOf('/') + 1).equals(type)) {
        return parser.parse(options.getValue());
      }
    } catch (InvalidProtocolBufferException e) {
      throw TaskManager.failure("malformed task " + what + " option for " + runtime, e);
    }
    throw new ContainerdException(
        ErrorClass.UNKNOWN, "invalid task " + what + " option for " + runtime);
  }

  private static boolean isRunc(String runtime) {
    return runtime.equals(RUNC) || runtime.startsWith(RUNC + ".");
  }
}

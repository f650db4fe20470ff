package io.morsel.runtime.task;

import io.grpc.Status;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.shim.DeleteResponse;
import io.morsel.containerd.api.shim.WaitRequest;
import io.morsel.containerd.api.shim.WaitResponse;
import io.morsel.runtime.grpc.Answers;
import io.morsel.shim.Shim;
import io.morsel.shim.TaskClient;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;

/** A task and the shim that looks after it. Safe for use by many threads. */
final class Task {
  private final Shim shim;
  private final ExitRecords exits;
  private final AtomicBoolean removing = new AtomicBoolean();
  private final CompletableFuture<DeleteResponse> removed = new CompletableFuture<>();

  /** One call to the shim for each process that clients wait for: ttrpc can't cancel calls. */
  private final Map<String, CompletableFuture<WaitResponse>> waits = new ConcurrentHashMap<>();

  Task(Shim shim, ExitRecords exits) {
    this.shim = shim;
    this.exits = exits;
  }

  TaskKey key() {
    return new TaskKey(shim.bundle().namespace(), shim.bundle().id());
  }

  String id() {
    return shim.bundle().id();
  }

  Shim shim() {
    return shim;
  }

  TaskClient client() {
    return shim.tasks();
  }

  ExitRecords exits() {
    return exits;
  }

  /** Whether a failure of a call means that the shim is gone. */
  boolean isLost(ContainerdException failure) {
    return failure.errorClass() == ErrorClass.UNAVAILABLE && !shim.isConnected();
  }

  /** Whether the caller is the one who removes the task: true once. */
  boolean beginRemoval() {
    return removing.compareAndSet(false, true);
  }

  boolean isRemoving() {
    return removing.get();
  }

  /** The task is gone, and so its first process ended. */
  void completeRemoval(DeleteResponse response) {
    removed.complete(response);
  }

  /** How the first process ended, once the task is gone. */
  DeleteResponse awaitRemoval() throws ContainerdException, InterruptedException {
    return await(removed);
  }

  /**
   * Waits until a process has exited.
   *
   * @param exec empty for the first process, which has exited, too, when its shim is dead and
   *     cleaned up after
   */
  WaitResponse waitFor(String exec) throws ContainerdException, InterruptedException {
    CompletableFuture<WaitResponse> mine = new CompletableFuture<>();
    CompletableFuture<WaitResponse> shared = waits.putIfAbsent(exec, mine);
    if (shared == null) {
      Thread.ofVirtual().name("task-wait-" + id()).start(() -> ask(exec, mine));
      shared = mine;
    }
    return await(shared);
  }

  private void ask(String exec, CompletableFuture<WaitResponse> answer) {
    WaitRequest request = WaitRequest.newBuilder().setId(id()).setExecId(exec).build();
    try {
      answer.complete(client().waitFor(request));
    } catch (ContainerdException e) {
      if (exec.isEmpty() && isLost(e)) {
        var _ =
            removed.thenAccept(
                end ->
                    answer.complete(
                        WaitResponse.newBuilder()
                            .setExitStatus(end.getExitStatus())
                            .setExitedAt(end.getExitedAt())
                            .build()));
      } else {
        waits.remove(exec, answer);
        answer.completeExceptionally(e);
      }
    } catch (InterruptedException e) {
      throw new AssertionError("nobody interrupts this thread", e);
    }
  }

  /** An exec is gone; another one may have its name. */
  void forgetExec(String exec) {
    waits.remove(exec);
    exits.forget(exec);
  }

  /** Fails all who wait; the processes go on. */
  void endWaits(ContainerdException reason) {
    waits.values().forEach(wait -> wait.completeExceptionally(reason));
  }

  private static <T> T await(CompletableFuture<T> future)
      throws ContainerdException, InterruptedException {
    try {
      return future.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof ContainerdException failure) {
        throw failure;
      }
      throw Answers.status(Status.Code.INTERNAL, String.valueOf(e.getCause()));
    }
  }
}

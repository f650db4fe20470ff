package io.morsel.shim;

import com.google.protobuf.Empty;
import com.google.protobuf.Message;
import io.grpc.Status;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.shim.CheckpointTaskRequest;
import io.morsel.containerd.api.shim.CloseIORequest;
import io.morsel.containerd.api.shim.ConnectRequest;
import io.morsel.containerd.api.shim.ConnectResponse;
import io.morsel.containerd.api.shim.CreateTaskRequest;
import io.morsel.containerd.api.shim.CreateTaskResponse;
import io.morsel.containerd.api.shim.DeleteRequest;
import io.morsel.containerd.api.shim.DeleteResponse;
import io.morsel.containerd.api.shim.ExecProcessRequest;
import io.morsel.containerd.api.shim.KillRequest;
import io.morsel.containerd.api.shim.PauseRequest;
import io.morsel.containerd.api.shim.PidsRequest;
import io.morsel.containerd.api.shim.PidsResponse;
import io.morsel.containerd.api.shim.ResizePtyRequest;
import io.morsel.containerd.api.shim.ResumeRequest;
import io.morsel.containerd.api.shim.ShutdownRequest;
import io.morsel.containerd.api.shim.StartRequest;
import io.morsel.containerd.api.shim.StartResponse;
import io.morsel.containerd.api.shim.StateRequest;
import io.morsel.containerd.api.shim.StateResponse;
import io.morsel.containerd.api.shim.StatsRequest;
import io.morsel.containerd.api.shim.StatsResponse;
import io.morsel.containerd.api.shim.UpdateTaskRequest;
import io.morsel.containerd.api.shim.WaitRequest;
import io.morsel.containerd.api.shim.WaitResponse;
import io.morsel.ttrpc.CallOptions;
import io.morsel.ttrpc.Metadata;
import io.morsel.ttrpc.TtrpcClient;
import io.morsel.ttrpc.TtrpcException;
import io.morsel.ttrpc.TtrpcMethod;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The task service of a shim, in either version. Calls block; safe for use by many threads.
 *
 * <p>Every method throws {@link ContainerdException} with the class and the message that the shim
 * gave, UNAVAILABLE where the shim's connection has ended, and DEADLINE_EXCEEDED where the timeout
 * passed.
 */
public final class TaskClient {
  private static final String NAMESPACE = "containerd-namespace-ttrpc";

  private final TtrpcClient client;
  private final String service;
  private final CallOptions options;

  private TaskClient(TtrpcClient client, String service, CallOptions options) {
    this.client = client;
    this.service = service;
    this.options = options;
  }

  /** The service of this version, 2 or 3, for the tasks of one namespace. */
  static TaskClient of(TtrpcClient client, int version, String namespace) {
    return new TaskClient(
        client,
        "containerd.task.v" + version + ".Task",
        CallOptions.DEFAULT.withMetadata(Metadata.of(NAMESPACE, namespace)));
  }

  /** The same service, with calls that end after {@code timeout}. */
  public TaskClient withTimeout(Duration timeout) {
    return new TaskClient(client, service, options.withTimeout(timeout));
  }

  /** Tells what a process is doing. */
  public StateResponse state(StateRequest request)
      throws ContainerdException, InterruptedException {
    return call("State", request, StateResponse.getDefaultInstance());
  }

  /**
   * Creates the container of a task, with its first process not yet started. With runc's shim,
   * {@code stdout} without {@code stderr} fails after the container was created: give both or
   * neither, or a terminal.
   */
  public CreateTaskResponse create(CreateTaskRequest request)
      throws ContainerdException, InterruptedException {
    return call("Create", request, CreateTaskResponse.getDefaultInstance());
  }

  /** Starts a process that was created or added. */
  public StartResponse start(StartRequest request)
      throws ContainerdException, InterruptedException {
    return call("Start", request, StartResponse.getDefaultInstance());
  }

  /** Deletes a process that has exited; with its first process goes the task. */
  public DeleteResponse delete(DeleteRequest request)
      throws ContainerdException, InterruptedException {
    return call("Delete", request, DeleteResponse.getDefaultInstance());
  }

  /** Lists all processes of a container. */
  public PidsResponse pids(PidsRequest request) throws ContainerdException, InterruptedException {
    return call("Pids", request, PidsResponse.getDefaultInstance());
  }

  /** Freezes a container. */
  public void pause(PauseRequest request) throws ContainerdException, InterruptedException {
    call("Pause", request);
  }

  /** Lets a frozen container go on. */
  public void resume(ResumeRequest request) throws ContainerdException, InterruptedException {
    call("Resume", request);
  }

  /** Writes a container's state to a directory. */
  public void checkpoint(CheckpointTaskRequest request)
      throws ContainerdException, InterruptedException {
    call("Checkpoint", request);
  }

  /** Sends a signal. */
  public void kill(KillRequest request) throws ContainerdException, InterruptedException {
    call("Kill", request);
  }

  /** Adds a process to a task; {@link #start} starts it. */
  public void exec(ExecProcessRequest request) throws ContainerdException, InterruptedException {
    call("Exec", request);
  }

  /** Sets the size of a process's terminal. */
  public void resizePty(ResizePtyRequest request) throws ContainerdException, InterruptedException {
    call("ResizePty", request);
  }

  /** Closes a process's standard input once what was written to it is read. */
  public void closeIo(CloseIORequest request) throws ContainerdException, InterruptedException {
    call("CloseIO", request);
  }

  /** Changes a container's resources. */
  public void update(UpdateTaskRequest request) throws ContainerdException, InterruptedException {
    call("Update", request);
  }

  /** Waits until a process has exited. */
  public WaitResponse waitFor(WaitRequest request)
      throws ContainerdException, InterruptedException {
    return call("Wait", request, WaitResponse.getDefaultInstance());
  }

  /** Measures what a container uses. */
  public StatsResponse stats(StatsRequest request)
      throws ContainerdException, InterruptedException {
    return call("Stats", request, StatsResponse.getDefaultInstance());
  }

  /** Tells the process ids of the shim and of a task. */
  public ConnectResponse connect(ConnectRequest request)
      throws ContainerdException, InterruptedException {
    return call("Connect", request, ConnectResponse.getDefaultInstance());
  }

  /** Asks the shim to end, as {@link Shim#shutdown} does. */
  void shutdown(ShutdownRequest request) throws ContainerdException, InterruptedException {
    call("Shutdown", request);
  }

  private void call(String method, Message request)
      throws ContainerdException, InterruptedException {
    call(method, request, Empty.getDefaultInstance());
  }

  private <A extends Message> A call(String method, Message request, A response)
      throws ContainerdException, InterruptedException {
    try {
      return client.call(TtrpcMethod.unary(service, method, request, response), request, options);
    } catch (TtrpcException e) {
      // Both number gRPC's codes.
      Status status = Status.fromCodeValue(e.code().number());
      throw ContainerdException.of(
          status
              .withDescription(withWords(ErrorClass.of(status.getCode()), e.getMessage()))
              .withCause(e)
              .asException());
    }
  }

  /**
   * The message as containerd's {@code errdefs.FromGRPC} has it: with the class's words at its end,
   * which a shim puts there for some classes, and for {@link ErrorClass#UNKNOWN} never.
   */
  private static String withWords(ErrorClass errorClass, @Nullable String message) {
    String words = errorClass.words();
    if (message == null || message.isEmpty() || message.equals(words)) {
      return words;
    }
    return message.endsWith(": " + words) ? message : message + ": " + words;
  }
}

package io.morsel.runtime.task;

import com.google.protobuf.Any;
import com.google.protobuf.Empty;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.Filter;
import io.morsel.containerd.api.containers.Container;
import io.morsel.containerd.api.shim.DeleteRequest;
import io.morsel.containerd.api.shim.PauseRequest;
import io.morsel.containerd.api.shim.PidsRequest;
import io.morsel.containerd.api.shim.ResumeRequest;
import io.morsel.containerd.api.tasks.CheckpointTaskRequest;
import io.morsel.containerd.api.tasks.CheckpointTaskResponse;
import io.morsel.containerd.api.tasks.CloseIORequest;
import io.morsel.containerd.api.tasks.CreateTaskRequest;
import io.morsel.containerd.api.tasks.CreateTaskResponse;
import io.morsel.containerd.api.tasks.DeleteProcessRequest;
import io.morsel.containerd.api.tasks.DeleteResponse;
import io.morsel.containerd.api.tasks.DeleteTaskRequest;
import io.morsel.containerd.api.tasks.ExecProcessRequest;
import io.morsel.containerd.api.tasks.GetRequest;
import io.morsel.containerd.api.tasks.GetResponse;
import io.morsel.containerd.api.tasks.KillRequest;
import io.morsel.containerd.api.tasks.ListPidsRequest;
import io.morsel.containerd.api.tasks.ListPidsResponse;
import io.morsel.containerd.api.tasks.ListTasksRequest;
import io.morsel.containerd.api.tasks.ListTasksResponse;
import io.morsel.containerd.api.tasks.MetricsRequest;
import io.morsel.containerd.api.tasks.MetricsResponse;
import io.morsel.containerd.api.tasks.PauseTaskRequest;
import io.morsel.containerd.api.tasks.ResizePtyRequest;
import io.morsel.containerd.api.tasks.ResumeTaskRequest;
import io.morsel.containerd.api.tasks.StartRequest;
import io.morsel.containerd.api.tasks.StartResponse;
import io.morsel.containerd.api.tasks.TasksGrpc;
import io.morsel.containerd.api.tasks.UpdateTaskRequest;
import io.morsel.containerd.api.tasks.WaitRequest;
import io.morsel.containerd.api.tasks.WaitResponse;
import io.morsel.containerd.api.types.Process;
import io.morsel.runtime.container.ContainerStore;
import io.morsel.runtime.content.ContentStore;
import io.morsel.runtime.grpc.Answers;
import io.morsel.runtime.grpc.CallScope;
import io.morsel.runtime.store.Scope;
import java.util.List;

/**
 * {@code containerd.services.tasks.v1} over a {@link TaskManager}: finds the task of a container
 * and hands the call to its shim.
 */
public final class TasksService extends TasksGrpc.TasksImplBase {
  private final TaskManager tasks;
  private final Processes processes;
  private final ContainerStore containers;
  private final Checkpoints checkpoints;

  /**
   * The service over {@code tasks}.
   *
   * @param content where checkpoints are kept
   */
  public TasksService(TaskManager tasks, ContainerStore containers, ContentStore content) {
    this.tasks = tasks;
    this.processes = new Processes(tasks);
    this.containers = containers;
    this.checkpoints = new Checkpoints(content);
  }

  /** Computes an answer with the help of a shim. */
  private interface Call<A> {
    A run() throws ContainerdException, InterruptedException;
  }

  private interface Action {
    void run() throws ContainerdException, InterruptedException;
  }

  private static <A> void unary(StreamObserver<A> observer, Call<A> call) {
    Answers.unary(
        observer,
        () -> {
          try {
            return call.run();
          } catch (InterruptedException e) {
            throw Answers.status(Status.Code.CANCELLED, "context canceled");
          }
        });
  }

  private static void empty(StreamObserver<Empty> observer, Action action) {
    unary(
        observer,
        () -> {
          action.run();
          return Empty.getDefaultInstance();
        });
  }

  private Container container(String id) throws ContainerdException {
    return containers.get(CallScope.required().namespace(), id);
  }

  /** The task of a container, which must be known. */
  private Task task(String id) throws ContainerdException {
    Container container = container(id);
    return tasks.get(CallScope.required().namespace(), container.getId());
  }

  /** The same, with the process that the call is for. */
  private Task task(String id, String exec) throws ContainerdException, InterruptedException {
    Task task = task(id);
    if (!exec.isEmpty()) {
      var _ = processes.state(task, exec);
    }
    return task;
  }

  @Override
  public void create(CreateTaskRequest request, StreamObserver<CreateTaskResponse> observer) {
    unary(
        observer,
        () -> {
          Container container = container(request.getContainerId());
          String namespace = CallScope.required().namespace();
          int pid =
              tasks.create(
                  namespace,
                  container,
                  request,
                  directory -> checkpoints.restore(namespace, container, request, directory));
          return CreateTaskResponse.newBuilder()
              .setContainerId(container.getId())
              .setPid(pid)
              .build();
        });
  }

  @Override
  public void start(StartRequest request, StreamObserver<StartResponse> observer) {
    unary(
        observer,
        () -> {
          Task task = task(request.getContainerId(), request.getExecId());
          int pid =
              task.client()
                  .start(
                      io.morsel.containerd.api.shim.StartRequest.newBuilder()
                          .setId(task.id())
                          .setExecId(request.getExecId())
                          .build())
                  .getPid();
          return StartResponse.newBuilder().setPid(pid).build();
        });
  }

  @Override
  public void delete(DeleteTaskRequest request, StreamObserver<DeleteResponse> observer) {
    unary(observer, () -> answer("", tasks.delete(task(request.getContainerId()))));
  }

  @Override
  public void deleteProcess(DeleteProcessRequest request, StreamObserver<DeleteResponse> observer) {
    unary(
        observer,
        () -> {
          String exec = request.getExecId();
          Task task = task(request.getContainerId(), exec);
          io.morsel.containerd.api.shim.DeleteResponse response =
              task.client()
                  .delete(DeleteRequest.newBuilder().setId(task.id()).setExecId(exec).build());
          task.forgetExec(exec);
          return answer(exec, response);
        });
  }

  private static DeleteResponse answer(
      String exec, io.morsel.containerd.api.shim.DeleteResponse response) {
    return DeleteResponse.newBuilder()
        .setId(exec)
        .setPid(response.getPid())
        .setExitStatus(response.getExitStatus())
        .setExitedAt(response.getExitedAt())
        .build();
  }

  @Override
  public void get(GetRequest request, StreamObserver<GetResponse> observer) {
    unary(
        observer,
        () ->
            GetResponse.newBuilder()
                .setProcess(processes.describe(task(request.getContainerId()), request.getExecId()))
                .build());
  }

  @Override
  public void list(ListTasksRequest request, StreamObserver<ListTasksResponse> observer) {
    unary(
        observer,
        () -> {
          List<Process> all = processes.describeAll(CallScope.required().namespace());
          return ListTasksResponse.newBuilder().addAllTasks(all).build();
        });
  }

  @Override
  public void kill(KillRequest request, StreamObserver<Empty> observer) {
    empty(
        observer,
        () -> {
          Task task = task(request.getContainerId(), request.getExecId());
          task.client()
              .kill(
                  io.morsel.containerd.api.shim.KillRequest.newBuilder()
                      .setId(task.id())
                      .setExecId(request.getExecId())
                      .setSignal(request.getSignal())
                      // An exec has no more than itself.
                      .setAll(request.getAll() && request.getExecId().isEmpty())
                      .build());
        });
  }

  @Override
  public void exec(ExecProcessRequest request, StreamObserver<Empty> observer) {
    empty(
        observer,
        () -> {
          if (request.getExecId().isEmpty()) {
            throw Answers.status(Status.Code.INVALID_ARGUMENT, "exec id cannot be empty");
          }
          processes.exec(task(request.getContainerId()), request);
        });
  }

  @Override
  public void resizePty(ResizePtyRequest request, StreamObserver<Empty> observer) {
    empty(
        observer,
        () -> {
          Task task = task(request.getContainerId(), request.getExecId());
          task.client()
              .resizePty(
                  io.morsel.containerd.api.shim.ResizePtyRequest.newBuilder()
                      .setId(task.id())
                      .setExecId(request.getExecId())
                      .setWidth(request.getWidth())
                      .setHeight(request.getHeight())
                      .build());
        });
  }

  @Override
  public void closeIO(CloseIORequest request, StreamObserver<Empty> observer) {
    empty(
        observer,
        () -> {
          Task task = task(request.getContainerId(), request.getExecId());
          if (request.getStdin()) {
            task.client()
                .closeIo(
                    io.morsel.containerd.api.shim.CloseIORequest.newBuilder()
                        .setId(task.id())
                        .setExecId(request.getExecId())
                        .setStdin(true)
                        .build());
          }
        });
  }

  @Override
  public void pause(PauseTaskRequest request, StreamObserver<Empty> observer) {
    empty(
        observer,
        () -> {
          Task task = task(request.getContainerId());
          task.client().pause(PauseRequest.newBuilder().setId(task.id()).build());
        });
  }

  @Override
  public void resume(ResumeTaskRequest request, StreamObserver<Empty> observer) {
    empty(
        observer,
        () -> {
          Task task = task(request.getContainerId());
          task.client().resume(ResumeRequest.newBuilder().setId(task.id()).build());
        });
  }

  @Override
  public void listPids(ListPidsRequest request, StreamObserver<ListPidsResponse> observer) {
    unary(
        observer,
        () -> {
          Task task = task(request.getContainerId());
          return ListPidsResponse.newBuilder()
              .addAllProcesses(
                  task.client()
                      .pids(PidsRequest.newBuilder().setId(task.id()).build())
                      .getProcessesList())
              .build();
        });
  }

  @Override
  public void checkpoint(
      CheckpointTaskRequest request, StreamObserver<CheckpointTaskResponse> observer) {
    unary(
        observer,
        () -> {
          Scope scope = CallScope.required();
          Container container = container(request.getContainerId());
          Task task = tasks.get(scope.namespace(), container.getId());
          Any options = request.getOptions();
          return CheckpointTaskResponse.newBuilder()
              .addAllDescriptors(checkpoints.checkpoint(scope, container, task, options))
              .build();
        });
  }

  @Override
  public void update(UpdateTaskRequest request, StreamObserver<Empty> observer) {
    empty(
        observer,
        () -> {
          Task task = task(request.getContainerId());
          io.morsel.containerd.api.shim.UpdateTaskRequest.Builder update =
              io.morsel.containerd.api.shim.UpdateTaskRequest.newBuilder()
                  .setId(task.id())
                  .putAllAnnotations(request.getAnnotationsMap());
          if (request.hasResources()) {
            update.setResources(request.getResources());
          }
          task.client().update(update.build());
        });
  }

  @Override
  public void metrics(MetricsRequest request, StreamObserver<MetricsResponse> observer) {
    unary(
        observer,
        () -> {
          Filter filter = Answers.unclassified(() -> Filter.parse(request.getFiltersList()));
          String namespace = Answers.unclassified(() -> CallScope.required().namespace());
          return MetricsResponse.newBuilder()
              .addAllMetrics(processes.metrics(namespace, filter))
              .build();
        });
  }

  @Override
  public void wait(WaitRequest request, StreamObserver<WaitResponse> observer) {
    unary(
        observer,
        () -> {
          Task task = task(request.getContainerId(), request.getExecId());
          Context context = Context.current();
          Thread waiting = Thread.currentThread();
          Context.CancellationListener giveUp = _ -> waiting.interrupt();
          context.addListener(giveUp, Runnable::run);
          try {
            io.morsel.containerd.api.shim.WaitResponse response =
                tasks.waitFor(task, request.getExecId());
            return WaitResponse.newBuilder()
                .setExitStatus(response.getExitStatus())
                .setExitedAt(response.getExitedAt())
                .build();
          } finally {
            context.removeListener(giveUp);
          }
        });
  }
}

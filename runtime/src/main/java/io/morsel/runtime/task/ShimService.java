package io.morsel.runtime.task;

import com.google.protobuf.Empty;
import com.google.protobuf.Message;
import io.morsel.containerd.api.shim.CheckpointTaskRequest;
import io.morsel.containerd.api.shim.ConnectRequest;
import io.morsel.containerd.api.shim.ConnectResponse;
import io.morsel.containerd.api.shim.CreateTaskRequest;
import io.morsel.containerd.api.shim.CreateTaskResponse;
import io.morsel.containerd.api.shim.DeleteRequest;
import io.morsel.containerd.api.shim.DeleteResponse;
import io.morsel.containerd.api.shim.ExecProcessRequest;
import io.morsel.containerd.api.shim.ShutdownRequest;
import io.morsel.containerd.api.shim.StartRequest;
import io.morsel.containerd.api.shim.StartResponse;
import io.morsel.containerd.api.shim.StateRequest;
import io.morsel.containerd.api.shim.StateResponse;
import io.morsel.containerd.api.shim.WaitRequest;
import io.morsel.containerd.api.shim.WaitResponse;
import io.morsel.ttrpc.TtrpcMethod;
import io.morsel.ttrpc.TtrpcServer;
import io.morsel.ttrpc.UnaryHandler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * What something shows of itself that stands in for a shim: a script as its program, and the
 * methods of {@code containerd.task.v2.Task} that it knows. For one thread.
 */
final class ShimService {
  private static final String SERVICE = "containerd.task.v2.Task";

  private final TtrpcServer.Builder methods = TtrpcServer.builder();

  /** Writes the program that a core starts, which names the socket that is served. */
  static void writeProgram(Path program, String script) throws IOException {
    Files.writeString(program, script);
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
  }

  ShimService connect(UnaryHandler<ConnectRequest, ConnectResponse> handler) {
    return add(
        "Connect",
        ConnectRequest.getDefaultInstance(),
        ConnectResponse.getDefaultInstance(),
        handler);
  }

  ShimService create(UnaryHandler<CreateTaskRequest, CreateTaskResponse> handler) {
    return add(
        "Create",
        CreateTaskRequest.getDefaultInstance(),
        CreateTaskResponse.getDefaultInstance(),
        handler);
  }

  ShimService start(UnaryHandler<StartRequest, StartResponse> handler) {
    return add(
        "Start", StartRequest.getDefaultInstance(), StartResponse.getDefaultInstance(), handler);
  }

  ShimService state(UnaryHandler<StateRequest, StateResponse> handler) {
    return add(
        "State", StateRequest.getDefaultInstance(), StateResponse.getDefaultInstance(), handler);
  }

  ShimService exec(UnaryHandler<ExecProcessRequest, Empty> handler) {
    return add(
        "Exec", ExecProcessRequest.getDefaultInstance(), Empty.getDefaultInstance(), handler);
  }

  ShimService await(UnaryHandler<WaitRequest, WaitResponse> handler) {
    return add(
        "Wait", WaitRequest.getDefaultInstance(), WaitResponse.getDefaultInstance(), handler);
  }

  ShimService delete(UnaryHandler<DeleteRequest, DeleteResponse> handler) {
    return add(
        "Delete", DeleteRequest.getDefaultInstance(), DeleteResponse.getDefaultInstance(), handler);
  }

  ShimService checkpoint(UnaryHandler<CheckpointTaskRequest, Empty> handler) {
    return add(
        "Checkpoint",
        CheckpointTaskRequest.getDefaultInstance(),
        Empty.getDefaultInstance(),
        handler);
  }

  /** Has the stand-in end when it is told to, once the answer is on its way. */
  ShimService shutdown(Runnable end) {
    return add(
        "Shutdown",
        ShutdownRequest.getDefaultInstance(),
        Empty.getDefaultInstance(),
        (_, _) -> {
          Thread.ofVirtual().start(end);
          return Empty.getDefaultInstance();
        });
  }

  private <Q extends Message, A extends Message> ShimService add(
      String name, Q request, A response, UnaryHandler<Q, A> handler) {
    var _ = methods.unary(TtrpcMethod.unary(SERVICE, name, request, response), handler);
    return this;
  }

  /** Serves the methods that were given. */
  TtrpcServer serve(Path socket) throws IOException {
    return methods.start(socket);
  }
}

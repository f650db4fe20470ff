package io.morsel.cli.run;

import io.grpc.StatusException;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.io.Fifos;
import io.morsel.cli.run.RunRequest.CoreChoice;
import io.morsel.cli.run.RunRequest.PullPolicy;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.runs.CreateRunRequest;
import io.morsel.containerd.api.runs.CreateRunResponse;
import io.morsel.containerd.api.runs.RunsGrpc;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Has a Morsel core make a container in one call: what takes a core that is warm a few milliseconds
 * takes a command that has just started a few hundred. Used by one thread.
 */
final class RunsClient {
  /** How long an interrupted command waits for what it has asked for, to take it away. */
  private static final int GIVE_UP_SECONDS = 5;

  private final CoreClient client;
  private final RunRequest request;

  /** For one run in a core. */
  RunsClient(CoreClient client, RunRequest request) {
    this.client = client;
    this.request = request;
  }

  /**
   * Makes it.
   *
   * @param undo takes it away again where the caller does not keep it
   * @return nothing where the core can't: it is a containerd, it has not got the image, or the name
   *     is taken; the way by the other services tells what it is
   * @throws StatusException if the core refuses what both ways would ask for
   * @throws InterruptedException if this thread is interrupted; nothing has been made then
   */
  Optional<CreatedContainer> create(ContainerPlan plan, Undo undo)
      throws StatusException, IOException, InterruptedException {
    if (request.core() instanceof CoreChoice.Embedded
        || request.image().policy() == PullPolicy.ALWAYS) {
      return Optional.empty();
    }
    boolean input = request.attachment().interactive();
    CreateRunRequest message = RunMessages.message(plan, request.outputToFifos() || input, input);
    try {
      return Optional.of(adopt(call(message, plan), plan, undo));
    } catch (StatusException failure) {
      if (CoreClient.is(failure, ErrorClass.NOT_IMPLEMENTED)
          || CoreClient.is(failure, ErrorClass.NOT_FOUND)
          || CoreClient.is(failure, ErrorClass.ALREADY_EXISTS)) {
        return Optional.empty();
      }
      throw failure;
    }
  }

  private CreatedContainer adopt(CreateRunResponse response, ContainerPlan plan, Undo undo)
      throws IOException {
    new ContainerCreation(client, plan, false).adopt(undo);
    Optional<Fifos> fifos = Optional.empty();
    if (!response.getStdout().isEmpty()) {
      Fifos made =
          Fifos.adopt(
              path(response.getStdin()), Path.of(response.getStdout()), path(response.getStderr()));
      undo.addTemporary("delete the FIFOs of container '" + plan.id() + "'", made::close);
      fifos = Optional.of(made);
    }
    return new CreatedContainer(response.getRootfsList(), fifos);
  }

  private static Optional<Path> path(String text) {
    return text.isEmpty() ? Optional.empty() : Optional.of(Path.of(text));
  }

  /** On a thread of its own: an interrupt would end the call, and nobody knew what it has done. */
  private CreateRunResponse call(CreateRunRequest message, ContainerPlan plan)
      throws StatusException, IOException, InterruptedException {
    FutureTask<CreateRunResponse> call =
        new FutureTask<>(
            () ->
                RunsGrpc.newBlockingV2Stub(client.channel())
                    .withDeadlineAfter(CoreClient.CALL_SECONDS, TimeUnit.SECONDS)
                    .create(message));
    Thread.ofPlatform().daemon().name("create").start(call);
    try {
      return call.get();
    } catch (ExecutionException failure) {
      throw failureOf(failure);
    } catch (InterruptedException e) {
      takeAway(call, plan);
      throw e;
    }
  }

  private static StatusException failureOf(ExecutionException failure) {
    if (failure.getCause() instanceof StatusException status) {
      return status;
    }
    throw new IllegalStateException(failure.getCause());
  }

  /** Should it take too long, the core hears of the cancelled call and takes away what it makes. */
  private void takeAway(FutureTask<CreateRunResponse> call, ContainerPlan plan) throws IOException {
    try (Undo undo = new Undo(ignored -> {})) {
      var _ = adopt(call.get(GIVE_UP_SECONDS, TimeUnit.SECONDS), plan, undo);
    } catch (ExecutionException nothingMade) {
      // Then there is nothing to take away.
    } catch (TimeoutException | InterruptedException impatient) {
      call.cancel(true);
    }
  }
}

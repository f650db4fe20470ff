package io.morsel.cli.run;

import io.grpc.Context;
import io.grpc.StatusException;
import io.grpc.stub.StreamObserver;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.io.Fifos;
import io.morsel.cli.terminal.CommandException;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.runs.CreateRunRequest;
import io.morsel.containerd.api.runs.CreateRunResponse;
import io.morsel.containerd.api.runs.RunsGrpc;
import io.morsel.containerd.api.types.Mount;
import io.morsel.runtime.grpc.Answers;
import io.morsel.runtime.grpc.CallScope;
import io.morsel.runtime.oci.SpecException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes containers for {@code morsel run} in the core, which has long been warm when a client comes
 * that is to be over in a moment. What it does is what the client would do by the core's other
 * services, and it does it by them. Safe for use by many threads.
 */
public final class RunsService extends RunsGrpc.RunsImplBase {
  private static final Logger log = LoggerFactory.getLogger(RunsService.class);

  private final Path address;

  /**
   * The service of a core.
   *
   * @param address where the core listens once this is called
   */
  public RunsService(Path address) {
    this.address = address;
  }

  @Override
  public void create(CreateRunRequest request, StreamObserver<CreateRunResponse> observer) {
    Answers.unary(observer, () -> create(request));
  }

  private CreateRunResponse create(CreateRunRequest request) throws ContainerdException {
    Context call = Context.current();
    String namespace = CallScope.required().namespace();
    // Otherwise what is called from here would end with the client's call, also what undoes things.
    Context previous = Context.ROOT.attach();
    try (CoreClient client = CoreClient.connect(address, namespace)) {
      return create(client, request, call);
    } catch (StatusException failure) {
      throw ContainerdException.of(failure);
    } catch (SpecException impossible) {
      throw new ContainerdException(
          ErrorClass.INVALID_ARGUMENT, String.valueOf(impossible.getMessage()));
    } catch (CommandException | IOException failure) {
      throw new ContainerdException(
          ErrorClass.UNKNOWN, String.valueOf(failure.getMessage()), failure);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ContainerdException(ErrorClass.UNAVAILABLE, "the core is stopping");
    } finally {
      Context.ROOT.detach(previous);
    }
  }

  private static CreateRunResponse create(CoreClient client, CreateRunRequest request, Context call)
      throws StatusException,
          SpecException,
          CommandException,
          IOException,
          InterruptedException,
          ContainerdException {
    ContainerPlan plan = RunMessages.plan(request);
    Optional<CoreImage> image = PresentImages.findReady(client, plan.image());
    if (image.isEmpty()) {
      throw new ContainerdException(
          ErrorClass.NOT_FOUND,
          "image '"
              + plan.image().reference()
              + "' is not there, ready for snapshotter '"
              + plan.image().snapshotter()
              + "'");
    }
    try (Undo undo = new Undo(log::warn)) {
      List<Mount> rootfs = new ContainerCreation(client, plan, true).create(image.get(), undo);
      CreateRunResponse.Builder response = CreateRunResponse.newBuilder().addAllRootfs(rootfs);
      if (request.getStreams().getFifos()) {
        Fifos fifos =
            Fifos.createFor(
                plan.id(), request.getStreams().getInput(), request.getProcess().getTerminal());
        undo.add("delete the FIFOs of container '" + plan.id() + "'", fifos::close);
        response.setStdin(fifos.stdin()).setStdout(fifos.stdout()).setStderr(fifos.stderr());
      }
      if (call.isCancelled()) {
        throw new ContainerdException(ErrorClass.UNAVAILABLE, "the client has given up");
      }
      undo.forget();
      return response.build();
    }
  }
}

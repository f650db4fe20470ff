package io.morsel.cli.io;

import io.grpc.StatusException;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.terminal.LateLogger;
import io.morsel.containerd.api.tasks.CloseIORequest;
import io.morsel.containerd.api.tasks.KillRequest;
import io.morsel.containerd.api.tasks.ResizePtyRequest;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Tells a container's process what happens at this end of its streams. What comes too late for one
 * that has ended needs no answer, and is logged only.
 *
 * @param client talks to the core
 * @param container the container's identifier
 * @param execId the process's; empty for the container's first
 */
public record ProcessCalls(CoreClient client, String container, String execId) {
  private static final LateLogger log = new LateLogger(ProcessCalls.class);

  /** Something that the process is told. */
  @FunctionalInterface
  public interface Message {
    /** Tells it; the answer says nothing. */
    Object send() throws StatusException, IOException;
  }

  /** Sends it a signal. */
  public void kill(int signal) {
    quietly(
        "signal " + signal,
        () ->
            client
                .tasks()
                .kill(
                    KillRequest.newBuilder()
                        .setContainerId(container)
                        .setExecId(execId)
                        .setSignal(signal)
                        .build()));
  }

  /** Gives its terminal the size of this one; without one, nothing happens. */
  public void resize(@Nullable RawTerminal terminal) {
    if (terminal == null) {
      return;
    }
    quietly(
        "the terminal's size",
        () -> {
          RawTerminal.Size size = terminal.size();
          return client
              .tasks()
              .resizePty(
                  ResizePtyRequest.newBuilder()
                      .setContainerId(container)
                      .setExecId(execId)
                      .setWidth(size.columns())
                      .setHeight(size.rows())
                      .build());
        });
  }

  /** Ends its input. */
  public void closeInput() {
    quietly(
        "the end of the input",
        () ->
            client
                .tasks()
                .closeIO(
                    CloseIORequest.newBuilder()
                        .setContainerId(container)
                        .setExecId(execId)
                        .setStdin(true)
                        .build()));
  }

  /** Tells it something, whether or not it can still be told. */
  public void quietly(String what, Message message) {
    try {
      var _ = message.send();
    } catch (StatusException failure) {
      untold(what, CoreClient.message(failure));
    } catch (IOException failure) {
      untold(what, String.valueOf(failure.getMessage()));
    }
  }

  private void untold(String what, String why) {
    log.log(to -> to.debug("{} is not told {}: {}", title(), what, why));
  }

  private String title() {
    return execId.isEmpty()
        ? "container " + container
        : "process " + execId + " of container " + container;
  }
}

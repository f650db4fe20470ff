package io.morsel.cli.terminal;

import io.grpc.StatusException;
import io.morsel.containerd.ContainerdException;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Collection;

/** Does one thing to each of several objects that a command line names. */
public final class Each {
  private Each() {}

  /** What is done to one of them. */
  @FunctionalInterface
  public interface Action {
    /** Does it. */
    void to(String name)
        throws CommandException, StatusException, IOException, InterruptedException;
  }

  /**
   * Does it to each, also to those after one where it fails. What fails becomes a line on {@code
   * err} that names the object.
   *
   * @param prefix what the lines begin with, such as {@code morsel: rm}
   * @return the exit code
   */
  public static int of(Collection<String> names, PrintWriter err, String prefix, Action action)
      throws InterruptedException {
    int code = ExitCode.OK;
    for (String name : names) {
      String failure = null;
      try {
        action.to(name);
      } catch (CommandException e) {
        failure = e.getMessage();
      } catch (StatusException e) {
        failure = name + ": " + ContainerdException.of(e).getMessage();
      } catch (IOException e) {
        failure = name + ": " + Errors.describe(e);
      }
      if (failure != null) {
        err.println(prefix + ": " + failure);
        code = ExitCode.FAILED;
      }
    }
    return code;
  }
}

package io.morsel.cli.container;

import io.grpc.StatusException;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.ExitCode;
import io.morsel.cli.terminal.Quantity;
import io.morsel.cli.terminal.Table;
import io.morsel.containerd.api.tasks.ListPidsRequest;
import io.morsel.containerd.api.types.ProcessInfo;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;

/** {@code morsel top}: the processes of a container, as the host sees them. */
public final class Top {
  private final CoreClient client;
  private final PrintWriter out;

  /** Processes of the client's containers, printed to {@code out}. */
  public Top(CoreClient client, PrintWriter out) {
    this.client = client;
    this.out = out;
  }

  /**
   * Prints a container's processes.
   *
   * @param psOptions options of ps(1), which then says what is printed; empty for what /proc says
   * @param json whether to print JSON
   * @return the exit code
   */
  public int run(String name, List<String> psOptions, boolean json)
      throws CommandException, IOException, InterruptedException {
    Containers containers = new Containers(client);
    String id = containers.require(name).getId();
    var _ = containers.requireRunning(id);
    Set<Long> pids = pids(id);
    if (!psOptions.isEmpty()) {
      ps(pids, psOptions);
    } else if (json) {
      out.println(json(processes(pids)).toPrettyString());
    } else {
      Table table = Table.of("PID", "PPID", "UID", "STATE", "RSS", "CPU", "COMMAND");
      for (HostProcess each : processes(pids)) {
        table.row(
            Long.toString(each.pid()),
            Long.toString(each.parentPid()),
            Long.toString(each.uid()),
            each.state(),
            Quantity.bytes(each.residentBytes()),
            Quantity.millis(each.cpuMillis()),
            String.join(" ", each.command()));
      }
      table.print(out);
    }
    return ExitCode.OK;
  }

  private Set<Long> pids(String id) throws CommandException {
    try {
      Set<Long> pids = new TreeSet<>();
      client
          .tasks()
          .listPids(ListPidsRequest.newBuilder().setContainerId(id).build())
          .getProcessesList()
          .stream()
          .mapToLong(ProcessInfo::getPid)
          .forEach(pids::add);
      return pids;
    } catch (StatusException failure) {
      throw CoreClient.failed("can't list the processes of container '" + id + "'", failure);
    }
  }

  private static List<HostProcess> processes(Set<Long> pids) throws IOException {
    List<HostProcess> processes = new ArrayList<>();
    for (long pid : pids) {
      // One that has ended since then is left out.
      HostProcess.read(pid).ifPresent(processes::add);
    }
    return processes;
  }

  private static ArrayNode json(List<HostProcess> processes) {
    ArrayNode list = JsonMapper.shared().createArrayNode();
    for (HostProcess each : processes) {
      var node =
          list.addObject()
              .put("pid", each.pid())
              .put("ppid", each.parentPid())
              .put("uid", each.uid())
              .put("state", each.state())
              .put("rss_bytes", each.residentBytes())
              .put("cpu_millis", each.cpuMillis());
      ArrayNode command = node.putArray("command");
      each.command().forEach(command::add);
    }
    return list;
  }

  /** ps prints all processes, of which those of the container are kept by their column PID. */
  private void ps(Set<Long> pids, List<String> options)
      throws CommandException, IOException, InterruptedException {
    List<String> words = new ArrayList<>(List.of("ps"));
    words.addAll(options);
    Process process;
    try {
      process = new ProcessBuilder(words).redirectErrorStream(true).start();
    } catch (IOException failure) {
      throw CommandException.failed("can't run ps: " + failure.getMessage(), failure);
    }
    process.getOutputStream().close();
    List<String> lines =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
            .lines()
            .toList();
    if (process.waitFor() != 0) {
      throw CommandException.failed(
          "'" + String.join(" ", words) + "' failed: " + String.join("; ", lines));
    }
    int column = lines.isEmpty() ? -1 : Arrays.asList(words(lines.getFirst())).indexOf("PID");
    if (column < 0) {
      throw CommandException.usage(
          "'" + String.join(" ", words) + "' prints no column PID, which is needed");
    }
    out.println(lines.getFirst());
    for (String line : lines.subList(1, lines.size())) {
      if (pid(line, column).filter(pids::contains).isPresent()) {
        out.println(line);
      }
    }
  }

  private static String[] words(String line) {
    return line.strip().split("\\s+", -1);
  }

  private static Optional<Long> pid(String line, int column) {
    String[] words = words(line);
    return column < words.length && words[column].matches("\\d{1,10}")
        ? Optional.of(Long.parseLong(words[column]))
        : Optional.empty();
  }
}

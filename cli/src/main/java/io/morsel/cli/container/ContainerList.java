package io.morsel.cli.container;

import io.morsel.cli.core.Anys;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.core.KeyValue;
import io.morsel.cli.core.ListRequest;
import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.ExitCode;
import io.morsel.cli.terminal.Quantity;
import io.morsel.cli.terminal.Table;
import io.morsel.containerd.api.containers.Container;
import io.morsel.containerd.api.types.Process;
import io.morsel.runtime.container.ContainerLabels;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code morsel ps}. */
public final class ContainerList {
  /** The keys of its filters. */
  public static final List<String> FILTERS =
      List.of("id", "name", "image", "ancestor", "label", "status");

  /** The states that one of them asks for. */
  private static final List<String> STATES = List.of("created", "running", "paused", "exited");

  private static final int MAX_COMMAND = 24;
  private static final int SHORT_ID = 12;

  private final CoreClient client;
  private final PrintWriter out;

  /** A list of the client's containers, printed to {@code out}. */
  public ContainerList(CoreClient client, PrintWriter out) {
    this.client = client;
    this.out = out;
  }

  /**
   * A container.
   *
   * @param task its first process, if it has one
   */
  private record Row(Container container, Optional<Process> task, ContainerState state) {
    static Row of(Container container, Optional<Process> task) {
      return new Row(container, task, ContainerState.of(container, task));
    }
  }

  /**
   * Prints the list; returns the exit code.
   *
   * @param request with filters by keys of {@link #FILTERS}
   * @param notRunning whether those that don't run are listed, too
   * @throws CommandException also with exit code 2, for a filter that asks for no state
   */
  public int run(ListRequest request, boolean notRunning) throws CommandException {
    List<KeyValue> filters = request.filters();
    for (KeyValue filter : filters) {
      if (filter.key().equals("status") && !STATES.contains(filter.value())) {
        throw CommandException.usage(
            "no such status '" + filter.value() + "': expected " + String.join(", ", STATES));
      }
    }
    boolean all = notRunning || filters.stream().anyMatch(each -> each.key().equals("status"));
    Containers containers = new Containers(client);
    Map<String, Process> tasks = containers.tasks();
    List<Row> rows =
        containers.all().stream()
            .map(each -> Row.of(each, Optional.ofNullable(tasks.get(each.getId()))))
            .filter(row -> all || row.task().filter(Containers::isAlive).isPresent())
            .filter(row -> filters.stream().allMatch(filter -> matches(row, filter)))
            .sorted(
                Comparator.comparing((Row row) -> Anys.instant(row.container().getCreatedAt()))
                    .reversed())
            .toList();
    if (request.json()) {
      out.println(json(rows).toPrettyString());
    } else if (request.quiet()) {
      rows.forEach(row -> out.println(row.container().getId()));
    } else {
      table(rows, request.whole()).print(out);
    }
    return ExitCode.OK;
  }

  private static boolean matches(Row row, KeyValue filter) {
    Container container = row.container();
    return switch (filter.key()) {
      case "id", "name" -> container.getId().startsWith(filter.value());
      case "image", "ancestor" ->
          container.getImage().equals(filter.value())
              || container.getImage().endsWith("/" + filter.value());
      case "label" -> filter.matchesLabel(container.getLabelsMap());
      case "status" -> row.state().name().equals(filter.value());
      default -> throw new IllegalStateException(filter.key());
    };
  }

  private static Table table(List<Row> rows, boolean whole) {
    Instant now = Instant.now();
    Table table = Table.of("CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS");
    for (Row row : rows) {
      Container container = row.container();
      table.row(
          whole ? container.getId() : shortId(container.getId()),
          container.getImage(),
          shortCommand(String.join(" ", Anys.command(container.getSpec())), whole),
          Quantity.ago(Anys.instant(container.getCreatedAt()), now),
          row.state().shown(now));
    }
    return table;
  }

  /** Identifiers that nobody has thought of are 64 characters long. */
  static String shortId(String id) {
    return id.matches("[0-9a-f]{64}") ? id.substring(0, SHORT_ID) : id;
  }

  private static String shortCommand(String command, boolean whole) {
    int end =
        whole
            ? command.length()
            : command.offsetByCodePoints(
                0, Math.min(MAX_COMMAND, command.codePointCount(0, command.length())));
    return end == command.length() ? command : command.substring(0, end) + "…";
  }

  private static ArrayNode json(List<Row> rows) {
    ArrayNode list = JsonMapper.shared().createArrayNode();
    for (Row row : rows) {
      Container container = row.container();
      ObjectNode node = list.addObject();
      node.put("id", container.getId());
      node.put("image", container.getImage());
      ArrayNode command = node.putArray("command");
      Anys.command(container.getSpec()).forEach(command::add);
      Anys.putTime(node, "created", container.getCreatedAt());
      row.state().write(node);
      row.task().ifPresentOrElse(task -> node.put("pid", task.getPid()), () -> node.putNull("pid"));
      node.put("runtime", container.getRuntime().getName());
      node.put("snapshotter", container.getSnapshotter());
      putPorts(node.putArray("ports"), container);
      ObjectNode labels = node.putObject("labels");
      container.getLabelsMap().forEach(labels::put);
    }
    return list;
  }

  /** How the host's ports lead into the container, as in {@code 8080:80}. */
  private static void putPorts(ArrayNode list, Container container) {
    String ports = ContainerLabels.of(container, ContainerLabels.PORTS);
    if (!ports.isEmpty()) {
      Arrays.stream(ports.split(",", -1)).forEach(list::add);
    }
  }
}

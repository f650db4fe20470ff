package io.morsel.cli.container;

import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.StatusException;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.ExitCode;
import io.morsel.cli.terminal.Quantity;
import io.morsel.cli.terminal.Table;
import io.morsel.cli.terminal.Terminal;
import io.morsel.containerd.api.tasks.MetricsRequest;
import io.morsel.containerd.api.types.Metric;
import io.morsel.containerd.api.types.Process;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;

/** {@code morsel stats}: what containers use. */
public final class Stats {
  /** Between two measurements, of which the processors' use is the difference. */
  private static final long INTERVAL_MILLIS = 1000;

  private static final String FROM_THE_TOP = "\u001b[H\u001b[J";

  private final CoreClient client;
  private final Containers containers;
  private final PrintWriter out;

  /** Figures of the client's containers, printed to {@code out}. */
  public Stats(CoreClient client, PrintWriter out) {
    this.client = client;
    this.containers = new Containers(client);
    this.out = out;
  }

  /**
   * A container at one moment.
   *
   * @param nanos the moment, of {@link System#nanoTime}
   */
  private record Sample(long nanos, Usage usage, Usage.Network network) {}

  /**
   * A container's line.
   *
   * @param cpuPercent 100 for one processor that it has used all the time
   */
  private record Line(String id, double cpuPercent, Usage usage, Usage.Network network) {
    double memoryPercent() {
      return usage.memoryLimitBytes() == 0
          ? 0
          : 100.0 * usage.memoryBytes() / usage.memoryLimitBytes();
    }
  }

  /**
   * Prints figures.
   *
   * @param names which containers; empty for all that run
   * @param once whether to print them once, and not again and again until interrupted
   * @param json whether to print JSON, one document each time
   * @return the exit code
   */
  public int run(List<String> names, boolean once, boolean json)
      throws CommandException, IOException, InterruptedException {
    Set<String> wanted = new TreeSet<>();
    for (String name : names) {
      String id = containers.require(name).getId();
      var _ = containers.requireRunning(id);
      wanted.add(id);
    }
    Map<String, Sample> before = sample(wanted);
    do {
      // The interval is what is measured: there is nothing else to wait for.
      TimeUnit.MILLISECONDS.sleep(INTERVAL_MILLIS);
      Map<String, Sample> now = sample(wanted);
      print(lines(before, now), once, json);
      before = now;
    } while (!once && !(before.isEmpty() && !wanted.isEmpty()));
    return ExitCode.OK;
  }

  private Map<String, Sample> sample(Set<String> wanted) throws CommandException, IOException {
    Map<String, Process> running = new HashMap<>();
    containers
        .tasks()
        .forEach(
            (id, task) -> {
              if (Containers.isAlive(task) && (wanted.isEmpty() || wanted.contains(id))) {
                running.put(id, task);
              }
            });
    Map<String, Sample> samples = new TreeMap<>();
    for (Metric metric : metrics(running.keySet())) {
      Process task = running.get(metric.getId());
      if (task != null) {
        try {
          var usage = Usage.of(metric.getData());
          if (usage.isPresent()) {
            samples.put(
                metric.getId(),
                new Sample(System.nanoTime(), usage.get(), Usage.Network.of(task.getPid())));
          }
        } catch (InvalidProtocolBufferException malformed) {
          throw CommandException.failed(
              "the figures of container '" + metric.getId() + "' can't be read", malformed);
        }
      }
    }
    return samples;
  }

  private List<Metric> metrics(Set<String> ids) throws CommandException {
    MetricsRequest.Builder request = MetricsRequest.newBuilder();
    ids.forEach(id -> request.addFilters("id==\"" + id + "\""));
    try {
      return ids.isEmpty() ? List.of() : client.tasks().metrics(request.build()).getMetricsList();
    } catch (StatusException failure) {
      throw CoreClient.failed("can't measure containers", failure);
    }
  }

  private static List<Line> lines(Map<String, Sample> before, Map<String, Sample> now) {
    List<Line> lines = new ArrayList<>();
    now.forEach(
        (id, sample) -> {
          Sample earlier = before.getOrDefault(id, sample);
          long span = Math.max(1, sample.nanos() - earlier.nanos());
          long used = Math.max(0, sample.usage().cpuNanos() - earlier.usage().cpuNanos());
          lines.add(new Line(id, 100.0 * used / span, sample.usage(), sample.network()));
        });
    return lines;
  }

  private void print(List<Line> lines, boolean once, boolean json) {
    if (json) {
      ArrayNode list = JsonMapper.shared().createArrayNode();
      for (Line line : lines) {
        list.addObject()
            .put("id", line.id())
            .put("cpu_percent", line.cpuPercent())
            .put("cpu_nanos", line.usage().cpuNanos())
            .put("memory_bytes", line.usage().memoryBytes())
            .put("memory_limit_bytes", line.usage().memoryLimitBytes())
            .put("network_received_bytes", line.network().receivedBytes())
            .put("network_sent_bytes", line.network().sentBytes())
            .put("read_bytes", line.usage().readBytes())
            .put("written_bytes", line.usage().writtenBytes())
            .put("pids", line.usage().pids());
      }
      out.println(once ? list.toPrettyString() : list.toString());
      out.flush();
      return;
    }
    Table table =
        Table.of(
            "CONTAINER ID",
            "CPU",
            "MEMORY",
            "LIMIT",
            "OF LIMIT",
            "NET IN/OUT",
            "DISK IN/OUT",
            "PIDS");
    for (Line line : lines) {
      Usage usage = line.usage();
      boolean limited = usage.memoryLimitBytes() > 0;
      table.row(
          ContainerList.shortId(line.id()),
          percent(line.cpuPercent()),
          Quantity.bytes(usage.memoryBytes()),
          limited ? Quantity.bytes(usage.memoryLimitBytes()) : "",
          limited ? percent(line.memoryPercent()) : "",
          pair(line.network().receivedBytes(), line.network().sentBytes()),
          pair(usage.readBytes(), usage.writtenBytes()),
          Long.toString(usage.pids()));
    }
    if (!once && Terminal.isLive(1)) {
      out.print(FROM_THE_TOP);
    }
    table.print(out);
    out.flush();
  }

  private static String percent(double value) {
    return String.format(Locale.ROOT, "%.1f%%", value);
  }

  private static String pair(long first, long second) {
    return Quantity.bytes(first) + " / " + Quantity.bytes(second);
  }
}

package io.morsel.bench.command;

import io.morsel.bench.host.HostException;
import io.morsel.bench.net.Calibration;
import io.morsel.bench.net.Net;
import io.morsel.cli.terminal.CommandException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code run calibrate}: shows how near the networks come to what is asked of them. */
@Command(
    name = "calibrate",
    description = {
      "Measures the networks that the bench makes: what was requested, and what is achieved.",
      "",
      "Ends with exit code 1 if a network is out of tolerance: 10 % of its rate, 1 ms a round trip.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  bench/run calibrate",
      "  bench/run calibrate --net 100m --net 50mbit,30ms,0.1%%,slowstart"
    })
public final class CalibrateCommand implements Callable<Integer> {
  private static final List<String> DEFAULT_NETS = List.of("local", "1g", "100m");

  @Option(
      names = "--net",
      paramLabel = "NET",
      description =
          "local, 1g, 100m, or RATE,RTT[,LOSS][,slowstart]; may be given again. By default local,"
              + " 1g and 100m.")
  List<String> nets = new ArrayList<>();

  @Spec @Nullable CommandSpec spec;

  @Override
  public Integer call() throws CommandException {
    PrintWriter out = Objects.requireNonNull(spec, "picocli fills it in").commandLine().getOut();
    List<String> off = new ArrayList<>();
    for (Net net : networks()) {
      Calibration calibration;
      try {
        calibration = Calibration.measure(net);
      } catch (HostException e) {
        throw CommandException.failed(String.valueOf(e.getMessage()), e);
      }
      out.println(calibration.render());
      out.flush();
      if (!calibration.withinTolerance()) {
        off.add(net.name());
      }
    }
    if (!off.isEmpty()) {
      throw CommandException.failed(
          "out of tolerance: %s; other load on this machine is the likely reason, try again"
              .formatted(String.join(", ", off)));
    }
    return 0;
  }

  private List<Net> networks() throws CommandException {
    List<Net> parsed = new ArrayList<>();
    for (String net : nets.isEmpty() ? DEFAULT_NETS : nets) {
      try {
        parsed.add(Net.parse(net));
      } catch (IllegalArgumentException e) {
        throw CommandException.usage("--net: " + e.getMessage());
      }
    }
    return parsed;
  }
}

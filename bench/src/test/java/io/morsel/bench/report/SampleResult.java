package io.morsel.bench.report;

import io.morsel.bench.result.BenchResult;
import io.morsel.bench.result.CellKey;
import io.morsel.bench.result.Machine;
import io.morsel.bench.result.Recorder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A result that looks like one of a real run, with figures as they were measured on the peers, and
 * with all six groups. The same seed gives the same result.
 */
final class SampleResult {
  private static final int ROUNDS = 5;
  private static final List<String> MODES = List.of("overlayfs", "stargz", "morsel");

  private final Random random;
  private final Recorder recorder = new Recorder();

  private SampleResult(long seed) {
    random = new Random(seed);
  }

  /** Writes the sample's report to the file that the first argument names. */
  static void main(String[] arguments) throws IOException {
    Files.writeString(Path.of(arguments[0]), HtmlReport.render(of(1)));
  }

  /** The result. */
  static BenchResult of(long seed) {
    SampleResult sample = new SampleResult(seed);
    sample.cold();
    sample.total();
    sample.steady();
    sample.scale();
    sample.fleet();
    sample.micro();
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("--net", "local,100m");
    settings.put("--rounds", "5");
    settings.put("--peer", "stargz=/run/containerd-stargz-grpc/containerd-stargz-grpc.sock");
    Map<String, String> versions = new LinkedHashMap<>();
    versions.put("containerd", "1.6.20");
    versions.put("docker-registry", "2.8.2");
    versions.put("runc", "1.1.5");
    versions.put("java", "25.0.1");
    return new BenchResult(
        BenchResult.SCHEMA,
        "43c7af0b1c2d-dirty",
        "2026-11-24T21:14:05Z",
        2_712_000,
        "./bench/run --net local --net 100m --rounds 5 --peer stargz=/run/containerd-stargz-grpc/containerd-stargz-grpc.sock",
        settings,
        new Machine(
            "Intel(R) Xeon(R) Processor @ 2.60GHz",
            2,
            25_200_000_000L,
            "6.18.5",
            "Debian GNU/Linux 12 (bookworm)",
            versions),
        sample.recorder.cells(),
        List.of(
            "The registry, the shaper, the client and the snapshotter share 2 processors: what"
                + " one of them computes is taken from the others.",
            "The network is a shaper in user space: rate, round trips and connection setup are"
                + " modelled, loss and congestion are not.",
            "Ranges between the least and the greatest sample reach 38 % of the median; see the"
                + " whiskers."));
  }

  private void cold() {
    double[][] local = {
      {5510, 860, 790}, {5160, 1720, 960}, {5630, 1250, 1010}, {8700, 2140, 1350}
    };
    double[][] slow = {
      {12600, 2110, 1240}, {13120, 6550, 2220}, {17500, 3870, 2490}, {20410, 6040, 3300}
    };
    double[] limits = {330, 560, 640, 900};
    double[][] bytes = {
      {102e6, 5.7e6, 5.1e6}, {102e6, 19.7e6, 15.2e6}, {147e6, 18.5e6, 17.4e6}, {141e6, 28.3e6, 26e6}
    };
    double[][] requests = {{6, 29, 14}, {6, 111, 21}, {6, 38, 17}, {7, 51, 22}};
    List<String> workloads = List.of("python-hello", "python-numpy", "java-version", "node-hello");
    for (String net : List.of("local", "100m")) {
      for (int w = 0; w < workloads.size(); w++) {
        double[] totals = net.equals("local") ? local[w] : slow[w];
        double limit = limits[w] + (net.equals("local") ? 0 : bytes[w][1] * 8 / 1e5 + 40);
        for (int m = 0; m < MODES.size(); m++) {
          String workload = workloads.get(w);
          String mode = MODES.get(m);
          double start = m == 0 ? 180 : totals[m] * 0.65;
          add("cold", net, workload, mode, "pull_millis", "ms", totals[m] - start - 40, 0.1);
          add("cold", net, workload, mode, "create_millis", "ms", 40, 0.2);
          add("cold", net, workload, mode, "start_millis", "ms", start, 0.1);
          if (w == 2 && m == 1 && net.equals("100m")) {
            total(net, workload, mode, totals[m]);
          } else {
            add("cold", net, workload, mode, "total_millis", "ms", totals[m], 0.12);
          }
          add("cold", net, workload, mode, "times_limit", "ratio", totals[m] / limit, 0.12);
          add("cold", net, workload, mode, "first_output_bytes", "bytes", bytes[w][m], 0);
          add("cold", net, workload, mode, "first_output_requests", "requests", requests[w][m], 0);
          add("cold", net, workload, mode, "total_bytes", "bytes", bytes[w][m] * 1.4, 0.01);
          add("cold", net, workload, mode, "cpu_seconds", "s", m == 0 ? 3.7 : 0.8, 0.1);
          add("cold", net, workload, mode, "peak_rss_bytes", "bytes", m == 2 ? 210e6 : 52e6, 0.05);
        }
        add("cold", net, workloads.get(w), "limit", "total_millis", "ms", limit, 0.03);
      }
    }
    CellKey broken = new CellKey("cold", "100m", "web-server", "stargz", "total_millis", "ms");
    for (int round = 1; round <= ROUNDS; round++) {
      recorder.addVoid(broken, round, "the server did not answer within 30 s");
    }
    add("cold", "100m", "web-server", "overlayfs", "total_millis", "ms", 13_900, 0.1);
    add("cold", "100m", "web-server", "morsel", "total_millis", "ms", 2_900, 0.1);
  }

  private void total(String net, String workload, String mode, double millis) {
    CellKey key = new CellKey("cold", net, workload, mode, "total_millis", "ms");
    for (int round = 1; round < ROUNDS; round++) {
      recorder.add(key, round, noisy(millis, 0.1));
    }
    recorder.addVoid(key, ROUNDS, "fetched 1.2 MB that the shaper did not count");
  }

  private void total() {
    for (int percent : new int[] {1, 5, 25, 50, 100}) {
      String workload = "synthetic-read-" + percent;
      double[] totals = {9000 + percent * 12.0, 900 + percent * 190.0, 800 + percent * 96.0};
      for (int m = 0; m < MODES.size(); m++) {
        String mode = MODES.get(m);
        add("total", "100m", workload, mode, "total_millis", "ms", totals[m], 0.08);
        double received = m == 0 ? 210e6 : Math.max(6e6, 210e6 * percent / 100);
        add("total", "100m", workload, mode, "received_bytes", "bytes", received, 0.01);
      }
    }
  }

  private void steady() {
    Map<String, double[]> millis = new LinkedHashMap<>();
    millis.put("find-cold", new double[] {110, 310, 140});
    millis.put("find-warm", new double[] {20, 160, 26});
    millis.put("read-small-cold", new double[] {1260, 2990, 1500});
    millis.put("mmap-faults", new double[] {410, 900, 530});
    millis.put("exec-large", new double[] {160, 290, 190});
    millis.forEach((workload, values) -> steady(workload, "millis", "ms", values));
    steady("sequential-read", "MB/s", "MB/s", new double[] {1900, 640, 1720});
    steady("random-read-1", "op/s", "op/s", new double[] {14200, 5100, 12800});
    steady("random-read-8", "op/s", "op/s", new double[] {41000, 9100, 36500});
  }

  private void steady(String workload, String metric, String unit, double[] values) {
    for (int m = 0; m < MODES.size(); m++) {
      add("steady", "local", workload, MODES.get(m), metric, unit, values[m], 0.06);
    }
  }

  private void scale() {
    for (int n : new int[] {1, 10, 50, 200}) {
      add("scale", "local", "starts-" + n, "morsel", "millis", "ms", 480 + 170.0 * n, 0.1);
      add("scale", "local", "starts-" + n, "overlayfs", "millis", "ms", 5200 + 150.0 * n, 0.1);
    }
    for (int n : new int[] {10, 50, 100, 250, 500}) {
      add("scale", "local", "layers-" + n, "morsel", "rss_bytes", "bytes", 9e7 + n * 4e5, 0.03);
    }
    for (int n : new int[] {1000, 10_000, 100_000, 1_000_000}) {
      add("scale", "local", "entries-" + n, "morsel", "index_millis", "ms", 8 + n * 0.011, 0.1);
      add("scale", "local", "entries-" + n, "morsel", "lookup_ns", "ns", 800 + Math.log(n), 0.1);
    }
  }

  private void fleet() {
    int[] measured = {1, 4, 16, 64};
    int[] modelled = {64, 256, 1000, 10_000};
    for (int n : measured) {
      add("fleet", "1g", "python-" + n, "direct", "registry_bytes", "bytes", 18e6 * n, 0.02);
      add("fleet", "1g", "python-" + n, "nginx", "registry_bytes", "bytes", 21e6 + n, 0.02);
      add("fleet", "1g", "python-" + n, "squid", "registry_bytes", "bytes", 19e6 + n * 1e4, 0.02);
      add("fleet", "1g", "python-" + n, "direct", "last_up_millis", "ms", 400 + 150.0 * n, 0.1);
      add("fleet", "1g", "python-" + n, "nginx", "last_up_millis", "ms", 450 + 40.0 * n, 0.1);
      add("fleet", "1g", "python-" + n, "squid", "last_up_millis", "ms", 450 + 55.0 * n, 0.1);
    }
    for (int n : modelled) {
      model("python-" + n, "direct (model)", "registry_bytes", "bytes", 18e6 * n);
      model("python-" + n, "nginx (model)", "registry_bytes", "bytes", 21e6 + n);
      model("python-" + n, "direct (model)", "last_up_millis", "ms", 400 + 150.0 * n);
      model("python-" + n, "nginx (model)", "last_up_millis", "ms", 450 + 40.0 * n);
    }
  }

  private void model(String workload, String mode, String metric, String unit, double value) {
    recorder.add(new CellKey("fleet", "1g", workload, mode, metric, unit), 1, value);
  }

  private void micro() {
    add("micro", "local", "toc-parse-10000-entries", "morsel", "ns_per_op", "ns", 1.8e7, 0.05);
    add("micro", "local", "index-lookup", "morsel", "ns_per_op", "ns", 640, 0.05);
    add("micro", "local", "chunk-decode", "morsel", "ns_per_op", "ns", 2.1e6, 0.05);
    add("micro", "local", "ensure-present", "morsel", "ns_per_op", "ns", 95, 0.05);
    add("micro", "local", "ensure-present", "morsel", "bytes_per_op", "bytes", 0, 0);
  }

  private void add(
      String group,
      String net,
      String workload,
      String mode,
      String metric,
      String unit,
      double value,
      double noise) {
    CellKey key = new CellKey(group, net, workload, mode, metric, unit);
    for (int round = 1; round <= ROUNDS; round++) {
      recorder.add(key, round, noisy(value, noise));
    }
  }

  private double noisy(double value, double noise) {
    return value * (1 + noise * Math.abs(random.nextGaussian()));
  }
}

package io.morsel.bench.report;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/** What groups and metrics are called in a report; those that are unknown keep their own names. */
final class Names {
  private static final Map<String, String> METRICS =
      Map.ofEntries(
          Map.entry("total_millis", "Total time"),
          Map.entry("times_limit", "Total time as a multiple of the limit"),
          Map.entry("pull_millis", "Time to pull"),
          Map.entry("create_millis", "Time to create the container"),
          Map.entry("start_millis", "Time from start to first output"),
          Map.entry("read_millis", "Time to read"),
          Map.entry("first_output_bytes", "Bytes fetched until first output"),
          Map.entry("first_output_requests", "Requests until first output"),
          Map.entry("total_bytes", "Bytes fetched in total"),
          Map.entry("total_requests", "Requests in total"),
          Map.entry("received_bytes", "Bytes fetched"),
          Map.entry("cpu_seconds", "The daemon's CPU time"),
          Map.entry("peak_rss_bytes", "The daemon's peak resident memory"),
          Map.entry("rss_bytes", "Resident memory"),
          Map.entry("run_millis", "Time to run a container of a present image"),
          Map.entry("millis", "Time"),
          Map.entry("ns_per_op", "Time per operation"));

  private static final Pattern TIME_UNIT = Pattern.compile("_(millis|seconds|us|micros|ns|nanos)$");

  private static final Map<String, String> GROUPS =
      Map.of(
          "cold", "Cold start",
          "total", "Total: pulling, and reading a share of the image",
          "steady", "Steady state: a layer that is all there",
          "scale", "Scale: how cost grows",
          "core", "Core: Morsel in containerd's place",
          "fleet", "Fleet: many nodes, one registry",
          "micro", "Micro: the hot pieces");

  private static final Map<String, String> ABOUT =
      Map.of(
          "cold",
          "Fresh roots, page cache dropped, the registry's own pages warm. The limit is a local"
              + " start of the image that is all there, and the compressed chunks that the"
              + " workload touched at the network's rate, and four round trips.",
          "total",
          "Lazy loading must not cost more than it saves when much of an image is read after all.",
          "steady",
          "Nothing is left to fetch. The figures are multiples of overlayfs on the same content:"
              + " 1× is as if Morsel were not there.",
          "scale",
          "Each chart has how many there were from left to right.",
          "core",
          "The columns overlayfs and morsel are containerd with these snapshotters; core is Morsel"
              + " alone. A present image is unpacked on overlayfs for both.",
          "fleet",
          "Simulated nodes with the real fetch engine start one image at once. Solid lines were"
              + " measured; dashed ones are a model, calibrated by what was measured.",
          "micro",
          "JMH on single pieces of the hot path.");

  private static final List<String> ORDER =
      List.of("total_millis", "times_limit", "first_output_bytes", "first_output_requests");

  private static final List<String> COLD_HEADLINES =
      List.of("total_millis", "times_limit", "first_output_bytes");

  private Names() {}

  /** A group's heading. */
  static String group(String group) {
    return GROUPS.getOrDefault(group, group);
  }

  /** What a group measures; empty where it is not known. */
  static String about(String group) {
    return ABOUT.getOrDefault(group, "");
  }

  /** A metric's heading. */
  static String metric(String metric) {
    String known = METRICS.get(metric);
    if (known != null || metric.isEmpty() || metric.contains("/")) {
      return known == null ? metric : known;
    }
    String words = TIME_UNIT.matcher(metric).replaceFirst(" time").replace('_', ' ').strip();
    return words.isEmpty()
        ? metric
        : words.substring(0, 1).toUpperCase(Locale.ROOT) + words.substring(1);
  }

  /** Where a metric stands among others: the small come first. */
  static int metricRank(String metric) {
    int known = ORDER.indexOf(metric);
    return known < 0 ? ORDER.size() : known;
  }

  /** Whether a metric is shown at once, and not only when its reader asks for more. */
  static boolean isHeadline(String group, String metric) {
    return !group.equals("cold") || COLD_HEADLINES.contains(metric);
  }
}

package io.morsel.runtime.restart;

import java.util.Map;

/** The labels by which containerd's clients have a container started again. */
public final class RestartLabels {
  /** What the labels of restarts begin with. */
  public static final String PREFIX = "containerd.io/restart.";

  /** What a container shall be: {@link #RUNNING} or {@link #STOPPED}; others are left alone. */
  public static final String STATUS = PREFIX + "status";

  /** The value of {@link #STATUS} by which a container is kept running. */
  public static final String RUNNING = "running";

  /** The value of {@link #STATUS} by which a container is kept from running. */
  public static final String STOPPED = "stopped";

  /** When it is started again, as {@link RestartPolicy} reads it. */
  public static final String POLICY = PREFIX + "policy";

  /** Where its output goes from the first restart on; nowhere without. */
  public static final String LOG_URI = PREFIX + "loguri";

  /** The file that its output goes to, by clients of containerd before 1.5. */
  public static final String LOG_PATH = PREFIX + "logpath";

  /** How often it has been started again. */
  public static final String COUNT = PREFIX + "count";

  /** {@code true} once somebody has stopped it on purpose. */
  public static final String EXPLICITLY_STOPPED = PREFIX + "explicitly-stopped";

  private RestartLabels() {}

  /** How often a container has been started again. */
  static int count(Map<String, String> labels) {
    try {
      return Integer.parseInt(labels.getOrDefault(COUNT, "0"));
    } catch (NumberFormatException foreign) {
      return 0;
    }
  }

  /** Whether somebody has stopped it on purpose, in the spellings that Go's programs have. */
  static boolean isExplicitlyStopped(Map<String, String> labels) {
    return switch (labels.getOrDefault(EXPLICITLY_STOPPED, "")) {
      case "1", "t", "T", "true", "TRUE", "True" -> true;
      default -> false;
    };
  }

  /** The URI that its output goes to; empty for nowhere. */
  static String logUri(Map<String, String> labels) {
    String uri = labels.getOrDefault(LOG_URI, "");
    String path = labels.getOrDefault(LOG_PATH, "");
    return uri.isEmpty() && !path.isEmpty() ? "file://" + path : uri;
  }
}

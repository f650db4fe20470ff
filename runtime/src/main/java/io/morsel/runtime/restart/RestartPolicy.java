package io.morsel.runtime.restart;

import java.util.Map;
import java.util.regex.Pattern;

/**
 * When a container that has ended is started again.
 *
 * @param kind the policy's name
 * @param maxRetries of {@link Kind#ON_FAILURE}: how often at most; 0 for as often as it takes
 */
public record RestartPolicy(Kind kind, int maxRetries) {
  private static final Pattern RETRIES = Pattern.compile("[0-9]{1,9}");

  /** The policies. */
  public enum Kind {
    /** Never. */
    NO("no"),
    /** However it has ended. */
    ALWAYS("always"),
    /** When it has ended with another status than 0. */
    ON_FAILURE("on-failure"),
    /** However it has ended. The name is what makes containerd ask whether it was stopped. */
    UNLESS_STOPPED("unless-stopped");

    private final String text;

    Kind(String text) {
      this.text = text;
    }

    /** What labels and command lines call it. */
    public String text() {
      return text;
    }
  }

  /**
   * Reads {@code no}, {@code always}, {@code unless-stopped} or {@code on-failure[:RETRIES]}.
   *
   * @throws IllegalArgumentException if it is none of these
   */
  public static RestartPolicy parse(String text) {
    int colon = text.indexOf(':');
    String name = colon < 0 ? text : text.substring(0, colon);
    for (Kind kind : Kind.values()) {
      if (kind.text.equals(name)) {
        if (colon < 0) {
          return new RestartPolicy(kind, 0);
        }
        String retries = text.substring(colon + 1);
        if (kind == Kind.ON_FAILURE && RETRIES.matcher(retries).matches()) {
          return new RestartPolicy(kind, Integer.parseInt(retries));
        }
      }
    }
    throw new IllegalArgumentException(
        "malformed restart policy '"
            + text
            + "': expected no, always, unless-stopped, on-failure or on-failure:RETRIES");
  }

  /**
   * What a container's labels ask for: to be started always, where none says otherwise.
   *
   * @throws IllegalArgumentException if the label is malformed
   */
  public static RestartPolicy of(Map<String, String> labels) {
    String text = labels.getOrDefault(RestartLabels.POLICY, "");
    return text.isEmpty() ? new RestartPolicy(Kind.ALWAYS, 0) : parse(text);
  }

  /**
   * Whether a container that has ended, and was not stopped on purpose, is started again.
   *
   * @param status the exit status
   * @param count how often it was started again before
   */
  boolean restarts(int status, int count) {
    return switch (kind) {
      case NO -> false;
      case ALWAYS, UNLESS_STOPPED -> true;
      case ON_FAILURE -> status != 0 && (maxRetries == 0 || count < maxRetries);
    };
  }

  /** What {@link #parse} reads. */
  @Override
  public String toString() {
    return maxRetries > 0 ? kind.text + ":" + maxRetries : kind.text;
  }
}

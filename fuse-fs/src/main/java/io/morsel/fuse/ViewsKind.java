package io.morsel.fuse;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** How an operator wants layers to be shown: {@code views.kind} in the configuration. */
public enum ViewsKind {
  /** EROFS where a probe finds that it works, else FUSE. */
  AUTO,
  /** The kernel reads a layer's index itself: {@link ErofsMounter}. */
  EROFS,
  /** A {@link FuseMounter} answers for everything. */
  FUSE;

  /**
   * The kind of this name, as the configuration spells it.
   *
   * @throws IllegalArgumentException if there is none; the message names those there are
   */
  public static ViewsKind of(String name) {
    for (ViewsKind kind : values()) {
      if (kind.toString().equals(name)) {
        return kind;
      }
    }
    throw new IllegalArgumentException(
        "no kind of views is called \"%s\"; there are %s"
            .formatted(
                name,
                Arrays.stream(values())
                    .map(ViewsKind::toString)
                    .collect(Collectors.joining(", "))));
  }

  /** The name as the configuration spells it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}

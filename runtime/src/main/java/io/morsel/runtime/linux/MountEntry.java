package io.morsel.runtime.linux;

import java.util.List;

/**
 * One mount that a snapshot is made of, as snapshotters tell.
 *
 * @param type the filesystem, or {@code bind}
 * @param source the device or directory
 * @param options as mount(8) has them
 */
public record MountEntry(String type, String source, List<String> options) {
  /** Copies the options. */
  public MountEntry {
    options = List.copyOf(options);
  }
}

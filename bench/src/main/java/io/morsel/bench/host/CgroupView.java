package io.morsel.bench.host;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Which of the machine's cgroup hierarchies a daemon and all that it starts see below {@code
 * /sys/fs/cgroup}. A view other than the machine's is a mount namespace of its own, so that one
 * machine shows what happens on several.
 */
public enum CgroupView {
  /** What the machine has. */
  MACHINE(""),

  /** Version 1 alone: a hybrid machine's without the one of version 2. */
  V1("if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi"),

  /** Version 2 alone: with those controllers that no hierarchy of version 1 has. */
  V2("umount -R -l /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup");

  private static final Path ROOT = Path.of("/sys/fs/cgroup");

  private final String script;

  CgroupView(String script) {
    this.script = script;
  }

  /** Whether this machine can show it. */
  public boolean isPossible() {
    return this != V1 || !Files.exists(ROOT.resolve("cgroup.controllers"));
  }

  /**
   * The command line that runs {@code words} with this view, in the same process; it needs root.
   */
  public List<String> command(List<String> words) {
    if (script.isEmpty()) {
      return words;
    }
    List<String> all = new ArrayList<>(List.of("unshare", "--mount", "--propagation", "private"));
    // "$@" are the words, after the shell's own name.
    all.addAll(List.of("sh", "-ec", script + "; exec \"$@\"", "sh"));
    all.addAll(words);
    return all;
  }
}

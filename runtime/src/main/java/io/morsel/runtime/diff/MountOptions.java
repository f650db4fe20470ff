package io.morsel.runtime.diff;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Options of a mount in the spelling of fstab, as mount(2) takes them.
 *
 * @param flags bits of mount(2), without those of propagation
 * @param propagation bits of propagation, which a call of their own sets
 * @param data what the filesystem itself is told
 */
record MountOptions(long flags, long propagation, List<String> data) {
  static final long RDONLY = 1;
  static final long REMOUNT = 0x20;
  static final long BIND = 0x1000;
  static final long REC = 0x4000;

  /** The bits that an option sets, from {@code linux/mount.h}. */
  private static final Map<String, Long> SETS =
      Map.ofEntries(
          Map.entry("ro", RDONLY),
          Map.entry("nosuid", 2L),
          Map.entry("nodev", 4L),
          Map.entry("noexec", 8L),
          Map.entry("sync", 0x10L),
          Map.entry("remount", REMOUNT),
          Map.entry("mand", 0x40L),
          Map.entry("dirsync", 0x80L),
          Map.entry("noatime", 0x400L),
          Map.entry("nodiratime", 0x800L),
          Map.entry("bind", BIND),
          Map.entry("rbind", BIND | REC),
          Map.entry("relatime", 0x200000L),
          Map.entry("strictatime", 0x1000000L));

  /** The bits that an option clears. */
  private static final Map<String, Long> CLEARS =
      Map.ofEntries(
          Map.entry("rw", RDONLY),
          Map.entry("suid", 2L),
          Map.entry("dev", 4L),
          Map.entry("exec", 8L),
          Map.entry("async", 0x10L),
          Map.entry("nomand", 0x40L),
          Map.entry("atime", 0x400L),
          Map.entry("diratime", 0x800L),
          Map.entry("norelatime", 0x200000L),
          Map.entry("nostrictatime", 0x1000000L),
          Map.entry("defaults", 0L));

  private static final Map<String, Long> PROPAGATION =
      Map.of(
          "unbindable",
          1L << 17,
          "private",
          1L << 18,
          "slave",
          1L << 19,
          "shared",
          1L << 20,
          "runbindable",
          1L << 17 | REC,
          "rprivate",
          1L << 18 | REC,
          "rslave",
          1L << 19 | REC,
          "rshared",
          1L << 20 | REC);

  static MountOptions parse(List<String> options) {
    long flags = 0;
    long propagation = 0;
    List<String> data = new ArrayList<>();
    for (String option : options) {
      if (SETS.containsKey(option)) {
        flags |= SETS.get(option);
      } else if (CLEARS.containsKey(option)) {
        flags &= ~CLEARS.get(option);
      } else if (PROPAGATION.containsKey(option)) {
        propagation |= PROPAGATION.get(option);
      } else {
        data.add(option);
      }
    }
    return new MountOptions(flags, propagation, List.copyOf(data));
  }

  /** Whether a bind mount has to be made first and read-only then, as the kernel has it. */
  boolean isReadOnlyBind() {
    return (flags & (BIND | RDONLY)) == (BIND | RDONLY);
  }
}

package io.morsel.bench.node;

import java.nio.file.Path;
import java.util.Optional;

/** What serves a container's root filesystem: a column of the comparison. */
public sealed interface Mode {
  /** The name in results. */
  String name();

  /** The snapshotter that its containers are on. */
  default String snapshotter() {
    return name();
  }

  /** Whether it pulls lazily, and so wants images converted to eStargz. */
  boolean isLazy();

  /** A full pull of ordinary layers, unpacked by containerd into overlayfs. */
  record Full() implements Mode {
    @Override
    public String name() {
      return "overlayfs";
    }

    @Override
    public boolean isLazy() {
      return false;
    }
  }

  /** Morsel, as this checkout has it. */
  record Lazy() implements Mode {
    @Override
    public String name() {
      return "morsel";
    }

    @Override
    public boolean isLazy() {
      return true;
    }
  }

  /** Morsel's core in containerd's place, with the lazy snapshotter that is in it. */
  record Core() implements Mode {
    @Override
    public String name() {
      return "core";
    }

    @Override
    public String snapshotter() {
      return "morsel";
    }

    @Override
    public boolean isLazy() {
      return true;
    }
  }

  /**
   * Another proxy snapshotter, which somebody else runs.
   *
   * @param socket where it listens
   * @param reset a shell command that makes it forget what it has fetched; run before each cold
   *     sample
   */
  record Peer(String name, Path socket, Optional<String> reset) implements Mode {
    @Override
    public boolean isLazy() {
      return true;
    }
  }
}

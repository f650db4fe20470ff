package io.morsel.cli.run;

import io.morsel.cli.io.Fifos;
import io.morsel.containerd.api.types.Mount;
import java.util.List;
import java.util.Optional;

/**
 * A container that has been made.
 *
 * @param rootfs what its root filesystem is made of
 * @param fifos the FIFOs of its process where they have been made with it
 */
record CreatedContainer(List<Mount> rootfs, Optional<Fifos> fifos) {
  /** Copies the mounts. */
  CreatedContainer {
    rootfs = List.copyOf(rootfs);
  }
}

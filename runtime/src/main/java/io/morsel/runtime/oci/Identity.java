package io.morsel.runtime.oci;

import java.util.List;

/**
 * Who a container's process is.
 *
 * @param uid the user
 * @param gid the user's group
 * @param additionalGids further groups, the user's own first
 */
public record Identity(long uid, long gid, List<Long> additionalGids) {
  /** Copies the groups. */
  public Identity {
    additionalGids = List.copyOf(additionalGids);
  }
}

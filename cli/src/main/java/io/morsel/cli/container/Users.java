package io.morsel.cli.container;

import io.grpc.StatusException;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.terminal.CommandException;
import io.morsel.containerd.api.containers.Container;
import io.morsel.containerd.api.snapshots.MountsRequest;
import io.morsel.runtime.linux.MountEntry;
import io.morsel.runtime.linux.SnapshotFiles;
import io.morsel.runtime.oci.Identity;
import io.morsel.runtime.oci.SpecException;
import io.morsel.runtime.oci.UserDatabase;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/** Finds who is meant by a user's name, as a container knows it. */
final class Users {
  private Users() {}

  /**
   * Who is meant.
   *
   * @param user {@code USER[:GROUP]}, by name or number; names only where the container has a
   *     snapshot, whose files say who that is
   */
  static Identity find(CoreClient client, Container container, String user)
      throws CommandException, IOException, StatusException, InterruptedException {
    Map<String, byte[]> files =
        container.getSnapshotKey().isEmpty() ? Map.of() : read(client, container);
    try {
      return UserDatabase.parse(
              files.getOrDefault(UserDatabase.PASSWD, new byte[0]),
              files.getOrDefault(UserDatabase.GROUP, new byte[0]))
          .find(user);
    } catch (SpecException unknown) {
      throw CommandException.failed(
          "container '" + container.getId() + "': " + unknown.getMessage(), unknown);
    }
  }

  private static Map<String, byte[]> read(CoreClient client, Container container)
      throws StatusException, IOException, InterruptedException {
    List<MountEntry> mounts =
        client
            .snapshots()
            .mounts(
                MountsRequest.newBuilder()
                    .setSnapshotter(container.getSnapshotter())
                    .setKey(container.getSnapshotKey())
                    .build())
            .getMountsList()
            .stream()
            .map(each -> new MountEntry(each.getType(), each.getSource(), each.getOptionsList()))
            .toList();
    return SnapshotFiles.read(mounts, List.of(UserDatabase.PASSWD, UserDatabase.GROUP));
  }
}

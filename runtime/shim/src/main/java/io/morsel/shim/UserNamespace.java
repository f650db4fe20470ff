package io.morsel.shim;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Lets the root user of a container's user namespace into its bundle. */
final class UserNamespace {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private UserNamespace() {}

  /**
   * Gives {@code directory} to the group that the specification maps the container's group 0 to.
   */
  static void openTo(byte[] spec, Path directory) throws IOException {
    long gid;
    try {
      gid = hostIdOfRoot(JSON.readTree(spec).path("linux").path("gidMappings"));
    } catch (JacksonException e) {
      throw new IOException("the OCI specification is no JSON: " + e.getOriginalMessage(), e);
    }
    if (gid > 0 && gid <= 0xffff_ffffL) {
      Files.setAttribute(directory, "unix:gid", (int) gid);
      Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x---"));
    }
  }

  private static long hostIdOfRoot(JsonNode mappings) {
    for (JsonNode mapping : mappings) {
      long first = mapping.path("containerID").asLong(0);
      long size = mapping.path("size").asLong(0);
      if (first == 0 && size > 0) {
        return mapping.path("hostID").asLong(0);
      }
    }
    return 0;
  }
}

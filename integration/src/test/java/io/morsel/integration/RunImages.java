package io.morsel.integration;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.morsel.bench.host.Command;
import io.morsel.bench.image.OciLayout;
import io.morsel.bench.image.TarComposer;
import io.morsel.bench.image.TarComposer.Entry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The image that {@code morsel run} is tested with: a static busybox, and users. */
final class RunImages {
  /** What its configuration says of containers. */
  private static final String SETTINGS =
      """
      {"Env":["PATH=/bin","FROM_IMAGE=yes"],"Cmd":["/bin/sh","-c","echo from the image"],\
      "WorkingDir":"/etc","StopSignal":"SIGUSR1","Labels":{"of.image":"label"}}""";

  private RunImages() {}

  /** Pushes it with a file {@code /data} of this size, which no container reads. */
  static void push(Path work, String reference, int dataBytes) {
    new OciLayout(work)
        .settings(SETTINGS)
        .layer(RunImages::userland)
        .layer(tar -> tar.add(Entry.of('0', "data"), Images.noise(1, dataBytes)))
        .push(reference);
  }

  /**
   * Pushes it with a file {@code /data/file-N} of each given size, in a layer that has no
   * directories of its own.
   */
  static void pushWithFiles(Path work, String reference, int... sizesBytes) {
    new OciLayout(work)
        .settings(SETTINGS)
        .layer(RunImages::userland)
        .layer(
            tar -> {
              for (int i = 0; i < sizesBytes.length; i++) {
                tar.add(Entry.of('0', "data/file-" + i), Images.noise(i, sizesBytes[i]));
              }
            })
        .push(reference);
  }

  private static void userland(TarComposer tar) {
    tar.add(Entry.of('5', "bin/").mode(0755));
    tar.add(Entry.of('0', "bin/busybox").mode(0755), busybox());
    for (String applet : Command.of("busybox", "--list").succeed().lines().toList()) {
      if (!applet.equals("busybox")) {
        tar.add(Entry.of('2', "bin/" + applet).link("busybox"));
      }
    }
    tar.add(Entry.of('5', "etc/").mode(0755));
    tar.add(
        Entry.of('0', "etc/passwd"),
        "root:x:0:0::/root:/bin/sh\nalice:x:1000:1001::/home/alice:/bin/sh\n".getBytes(UTF_8));
    tar.add(
        Entry.of('0', "etc/group"),
        "root:x:0:\nalice:x:1001:\nwheel:x:10:alice,root\ngames:x:60:alice\n".getBytes(UTF_8));
    tar.add(Entry.of('5', "tmp/").mode(01777));
  }

  private static byte[] busybox() {
    try {
      return Files.readAllBytes(
          Path.of(Command.of("sh", "-c", "command -v busybox").succeed().strip()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

package io.morsel.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What every view must do whose bytes this process serves. */
abstract class ServedViewContract extends ViewContract {
  @Test
  void failsReadsThatCannotBeServed() throws IOException {
    SampleLayer layer = everything();
    SampleContent content = open(layer);
    content.fail(layer.dataOffset("large") + (4 << 20), new IOException("digest mismatch"));
    content.fail(layer.dataOffset("page"), new SocketTimeoutException("the registry is slow"));
    Path root = mount(content).mountPoint();
    assertThatThrownBy(() -> Native.read(raw(root.resolve("large")), 4 << 20, 10))
        .hasMessageContaining("Input/output error");
    assertThatThrownBy(() -> Native.read(raw(root.resolve("page")), 0, 10))
        .hasMessageContaining("Input/output error");
    assertThat(Native.read(raw(root.resolve("large")), 8 << 20, 10))
        .isEqualTo(layer.expected(layer.get("large"), 8 << 20, 10));
    assertThat(Files.readString(root.resolve("hello"))).isEqualTo("hello, world\n");
  }

  @Test
  void goesOnWhileReadsWait() throws Exception {
    SampleLayer layer = everything();
    SampleContent content = open(layer);
    List<CountDownLatch> gates = new ArrayList<>();
    List<Process> readers = new ArrayList<>();
    Path root = mount(content).mountPoint();
    try {
      for (int i = 0; i < 8; i++) {
        long offset = (64L + i) << 20;
        gates.add(content.closeGate(layer.dataOffset("huge") + offset));
        readers.add(
            new ProcessBuilder(
                    "dd",
                    "if=" + root.resolve("huge"),
                    "of=/dev/null",
                    "bs=4096",
                    "count=1",
                    "skip=" + offset / 4096)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start());
      }
      await(() -> content.waiting.get() >= 8);
      assertThat(Files.readString(root.resolve("hello"))).isEqualTo("hello, world\n");
      assertThat(Files.size(root.resolve("page"))).isEqualTo(4096);
      for (int i = 0; i < 4; i++) {
        readers.get(i).destroyForcibly();
        assertThat(readers.get(i).waitFor(10, TimeUnit.SECONDS)).as("dies of SIGKILL").isTrue();
      }
      assertThat(Native.read(raw(root.resolve("behind-huge")), 1000, 10))
          .isEqualTo(layer.expected(layer.get("behind-huge"), 1000, 10));
    } finally {
      gates.forEach(CountDownLatch::countDown);
      for (Process reader : readers) {
        assertThat(reader.waitFor(10, TimeUnit.SECONDS)).isTrue();
      }
    }
    for (int i = 4; i < 8; i++) {
      assertThat(readers.get(i).exitValue()).isZero();
    }
    await(() -> content.waiting.get() == 0);
    assertThat(Native.read(raw(root.resolve("huge")), 64 << 20, 10))
        .isEqualTo(layer.expected(layer.get("huge"), 64 << 20, 10));
  }

  @Test
  void endsWaitingReadsWhenTheMounterIsClosed() throws Exception {
    SampleLayer layer = everything();
    SampleContent content = open(layer);
    CountDownLatch gate = content.closeGate(layer.dataOffset("large"));
    Path root = mount(content).mountPoint();
    Process reader =
        new ProcessBuilder("cat", root.resolve("large").toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      await(() -> content.waiting.get() > 0);
      mounter().close();
      assertThat(reader.waitFor(10, TimeUnit.SECONDS)).isTrue();
      assertThat(reader.exitValue()).isNotZero();
      assertThatThrownBy(() -> mount(content)).hasMessageContaining("closed");
    } finally {
      gate.countDown();
      reader.destroyForcibly();
    }
  }
}

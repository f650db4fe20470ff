package io.morsel.cli.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A shell stands in the shim's place: it opens the other ends of the same FIFOs. */
@Timeout(60)
final class StdioCopyTest {
  @TempDir Path directory;

  /** What a client's listener was told. */
  private static final class Heard implements StdioCopy.Listener {
    final CountDownLatch inputEnded = new CountDownLatch(1);
    final CountDownLatch outputLost = new CountDownLatch(1);

    @Override
    public void inputEnded() {
      inputEnded.countDown();
    }

    @Override
    public void outputLost() {
      outputLost.countDown();
    }
  }

  private static Process shim(Fifos fifos, String script) throws IOException {
    return new ProcessBuilder(
            "sh", "-c", script, "shim", fifos.stdin(), fifos.stdout(), fifos.stderr())
        .redirectErrorStream(true)
        .start();
  }

  @Test
  void everyByteGoesThroughAndTheEndIsSeen() throws Exception {
    byte[] bytes = new byte[3_000_001];
    new Random(1).nextBytes(bytes);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Heard heard = new Heard();
    try (Fifos fifos = Fifos.create(directory, "c1", true, false)) {
      StdioCopy copy =
          StdioCopy.start(
              fifos, new StdioCopy.Streams(new ByteArrayInputStream(bytes), out, err), heard);
      Process shim =
          shim(fifos, "exec 9>&1 < \"$1\" > \"$2\" 2> \"$3\"; echo open >&9; cat; echo oops >&2");
      try (BufferedReader said = shim.inputReader()) {
        assertThat(said.readLine()).isEqualTo("open");
        fifos.connected();
        assertThat(shim.waitFor()).isZero();
      }
      heard.inputEnded.await();
      copy.awaitOutputEnd();
    }
    assertThat(out.toByteArray()).isEqualTo(bytes);
    assertThat(err.toString(StandardCharsets.UTF_8)).isEqualTo("oops\n");
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void fifosThatSomebodyElseMadeAreAsIfTheyWereOwn() throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Fifos made = Fifos.createFor(directory, "c1", true, false);
    try (Fifos fifos =
        Fifos.adopt(
            Optional.of(Path.of(made.stdin())),
            Path.of(made.stdout()),
            Optional.of(Path.of(made.stderr())))) {
      StdioCopy copy =
          StdioCopy.start(
              fifos,
              new StdioCopy.Streams(
                  InputStream.nullInputStream(), out, OutputStream.nullOutputStream()),
              new Heard());
      Process shim = shim(fifos, "exec 9>&1 > \"$2\" 2> \"$3\"; echo open >&9; echo there");
      try (BufferedReader said = shim.inputReader()) {
        assertThat(said.readLine()).isEqualTo("open");
        fifos.connected();
        assertThat(shim.waitFor()).isZero();
      }
      copy.awaitOutputEnd();
    }
    assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("there\n");
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void terminalHasOneOutputAndNoInputUnlessWanted() throws Exception {
    try (Fifos fifos = Fifos.create(directory, "c1", false, true)) {
      assertThat(fifos.stdin()).isEmpty();
      assertThat(fifos.stderr()).isEmpty();
      assertThat(Path.of(fifos.stdout())).exists();
      assertThat(Files.getPosixFilePermissions(Path.of(fifos.stdout()).getParent())).hasSize(3);
    }
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void processThatNeverComesLeavesNobodyWaiting() throws Exception {
    Fifos fifos = Fifos.create(directory, "c1", true, false);
    StdioCopy copy =
        StdioCopy.start(
            fifos,
            new StdioCopy.Streams(
                InputStream.nullInputStream(),
                new ByteArrayOutputStream(),
                OutputStream.nullOutputStream()),
            new Heard());
    fifos.close();
    copy.awaitOutputEnd();
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void outputThatNobodyTakesDoesNotHoldTheProcessUp() throws Exception {
    OutputStream broken =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("Broken pipe");
          }
        };
    Heard heard = new Heard();
    try (Fifos fifos = Fifos.create(directory, "c1", false, true)) {
      StdioCopy copy =
          StdioCopy.start(
              fifos, new StdioCopy.Streams(InputStream.nullInputStream(), broken, broken), heard);
      Process shim = shim(fifos, "exec head -c 1000000 /dev/zero > \"$2\"");
      assertThat(shim.waitFor()).isZero();
      heard.outputLost.await();
      fifos.connected();
      copy.awaitOutputEnd();
    }
  }
}

package io.morsel.bench.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.morsel.bench.host.HostException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ListeningProcessTest {
  @TempDir private Path directory;

  @Test
  void isFoundAlsoWhenItsSocketWasRenamed() throws Exception {
    Path bound = directory.resolve("a");
    Path socket = directory.resolve("b");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(bound));
      Files.move(bound, socket);
      assertThat(ListeningProcess.of(socket)).isEqualTo(ProcessHandle.current().pid());
    }
    assertThatThrownBy(() -> ListeningProcess.of(socket))
        .isInstanceOf(HostException.class)
        .hasMessageContaining(socket.toString());
  }
}

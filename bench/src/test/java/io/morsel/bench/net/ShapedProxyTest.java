package io.morsel.bench.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.morsel.bench.host.Await;
import io.morsel.bench.host.Http;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class ShapedProxyTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private ServerSocket server;

  @BeforeEach
  void listen() throws IOException {
    server = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
  }

  @AfterEach
  void close() throws IOException {
    server.close();
    threads.shutdownNow();
  }

  private ShapedProxy proxy(String net) {
    return ShapedProxy.open(Net.parse(net), (InetSocketAddress) server.getLocalSocketAddress());
  }

  private static Socket connect(Link link) throws IOException {
    return new Socket(InetAddress.getLoopbackAddress(), link.port());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"local", "10gbit,1ms", "2gbit,2ms,slowstart", "10gbit,200us,1%,slowstart"})
  void bytesPassUnchangedBothWaysWhoeverEndsFirst(String net) throws Exception {
    long seed = net.hashCode();
    int count = 24;
    try (ShapedProxy link = proxy(net)) {
      Future<?> serving = threads.submit(serveEach(count, this::exchangeAsServer));
      List<Future<Integer>> clients = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        long id = seed + i;
        clients.add(threads.submit(() -> exchangeAsClient(link, id)));
      }
      long received = 0;
      for (Future<Integer> client : clients) {
        received += client.get();
      }
      serving.get();
      assertThat(link.traffic().connections()).as("seed %d", seed).isEqualTo(count);
      assertThat(link.traffic().receivedBytes()).as("seed %d", seed).isEqualTo(received);
    }
  }

  /** What either side sends is drawn from the connection's first eight bytes. */
  private int exchangeAsClient(Link link, long id) throws Exception {
    try (Socket socket = connect(link)) {
      Random random = new Random(id);
      boolean readsFirst = random.nextBoolean();
      byte[] sent = randomBytes(random);
      byte[] expected = randomBytes(new Random(~id));
      socket.getOutputStream().write(longBytes(id));
      Future<?> sending =
          threads.submit(
              () -> {
                sendInPieces(socket, sent, new Random(id));
                if (!readsFirst) {
                  socket.shutdownOutput();
                }
                return null;
              });
      byte[] received = socket.getInputStream().readNBytes(expected.length);
      sending.get();
      if (readsFirst) {
        socket.shutdownOutput();
      }
      assertThat(received).as("seed %d", id).isEqualTo(expected);
      assertThat(socket.getInputStream().read()).as("seed %d", id).isEqualTo(-1);
      return received.length;
    }
  }

  private void exchangeAsServer(Socket socket) throws Exception {
    InputStream in = socket.getInputStream();
    long id = ByteBuffer.wrap(in.readNBytes(8)).getLong();
    Random random = new Random(id);
    boolean clientReadsFirst = random.nextBoolean();
    byte[] expected = randomBytes(random);
    byte[] sent = randomBytes(new Random(~id));
    Future<?> sending =
        threads.submit(
            () -> {
              sendInPieces(socket, sent, new Random(~id));
              if (clientReadsFirst) {
                socket.shutdownOutput();
              }
              return null;
            });
    byte[] received = in.readNBytes(expected.length);
    assertThat(received).as("seed %d", id).isEqualTo(expected);
    assertThat(in.read()).as("seed %d", id).isEqualTo(-1);
    sending.get();
    if (!clientReadsFirst) {
      socket.shutdownOutput();
    }
  }

  private static byte[] randomBytes(Random random) {
    byte[] bytes = new byte[random.nextInt(random.nextBoolean() ? 2_000 : 400_000)];
    random.nextBytes(bytes);
    return bytes;
  }

  private static byte[] longBytes(long value) {
    return ByteBuffer.allocate(Long.BYTES).putLong(value).array();
  }

  private static void sendInPieces(Socket socket, byte[] bytes, Random random) throws IOException {
    for (int at = 0; at < bytes.length; ) {
      int piece = Math.min(1 + random.nextInt(50_000), bytes.length - at);
      socket.getOutputStream().write(bytes, at, piece);
      at += piece;
    }
  }

  @FunctionalInterface
  private interface Use {
    void of(Socket socket) throws Exception;
  }

  /** Serves so many connections, all at once. */
  private Callable<Void> serveEach(int count, Use use) {
    return () -> {
      List<Future<?>> connections = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        Socket socket = server.accept();
        connections.add(
            threads.submit(
                () -> {
                  try (socket) {
                    use.of(socket);
                  }
                  return null;
                }));
      }
      for (Future<?> connection : connections) {
        connection.get();
      }
      return null;
    };
  }

  @ParameterizedTest
  @ValueSource(strings = {"local", "10gbit,1ms"})
  void requestsAreCountedExactly(String net) throws Exception {
    long seed = 7;
    int count = 10;
    try (ShapedProxy link = proxy(net)) {
      Future<?> serving =
          threads.submit(
              serveEach(
                  count,
                  socket -> {
                    var _ = socket.getInputStream().readAllBytes();
                    socket.getOutputStream().write(new byte[100]);
                  }));
      int sent = 0;
      for (int i = 0; i < count; i++) {
        Random random = new Random(seed + i);
        try (Socket socket = connect(link)) {
          for (int j = random.nextInt(20); j > 0; j--) {
            sendInPieces(socket, RequestParserTest.randomRequest(random), random);
            sent++;
          }
          socket.shutdownOutput();
          assertThat(socket.getInputStream().readAllBytes()).hasSize(100);
        }
        assertThat(link.traffic()).isEqualTo(new Traffic(100L * (i + 1), sent, i + 1));
      }
      serving.get();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"local", "1gbit,1ms"})
  void aServerThatIsNotThereBreaksTheConnection(String net) throws Exception {
    InetSocketAddress nobody =
        new InetSocketAddress(InetAddress.getLoopbackAddress(), Http.freePort());
    try (ShapedProxy link = ShapedProxy.open(Net.parse(net), nobody);
        Socket socket = connect(link)) {
      assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(IOException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"local", "1gbit,1ms"})
  void aConnectionThatBreaksDoesNotLookComplete(String net) throws Exception {
    try (ShapedProxy link = proxy(net);
        Socket socket = connect(link)) {
      try (Socket served = server.accept()) {
        served.getOutputStream().write(new byte[1000]);
        served.setSoLinger(true, 0);
      }
      assertThatThrownBy(() -> socket.getInputStream().readAllBytes())
          .isInstanceOf(IOException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"local", "1gbit,1ms"})
  void aClientThatGoesAwayEndsTheServersConnection(String net) throws Exception {
    try (ShapedProxy link = proxy(net)) {
      try (Socket socket = connect(link)) {
        socket.setSoLinger(true, 0);
      }
      try (Socket served = server.accept()) {
        assertThatThrownBy(() -> served.getInputStream().read()).isInstanceOf(IOException.class);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"local", "1gbit,1ms"})
  void closingBreaksConnectionsAndAcceptsNoMore(String net) throws Exception {
    ShapedProxy link = proxy(net);
    int port = link.port();
    try (Socket socket = connect(link);
        Socket served = server.accept()) {
      // A byte has passed: the connection is known to the link.
      served.getOutputStream().write(1);
      assertThat(socket.getInputStream().read()).isOne();

      link.close();

      assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(IOException.class);
      assertThatThrownBy(() -> served.getInputStream().read()).isInstanceOf(IOException.class);
      // The kernel gives up the listener when the thread that accepts has left it.
      Await.until("nobody listens", Duration.ofSeconds(10), () -> isRefused(port));
    }
  }

  private static boolean isRefused(int port) {
    try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return false;
    } catch (ConnectException e) {
      return true;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void aNewConnectionTakesOneRoundTripMore() throws Exception {
    try (ShapedProxy link = proxy("1gbit,50ms")) {
      Future<?> serving =
          threads.submit(
              serveEach(
                  1,
                  socket -> {
                    InputStream in = socket.getInputStream();
                    for (int b = in.read(); b >= 0; b = in.read()) {
                      socket.getOutputStream().write(b);
                    }
                  }));
      long start = System.nanoTime();
      try (Socket socket = connect(link)) {
        echo(socket);
        assertThat(System.nanoTime() - start).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(100));
        start = System.nanoTime();
        echo(socket);
        assertThat(System.nanoTime() - start).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(50));
      }
      serving.get();
    }
  }

  private static void echo(Socket socket) throws IOException {
    socket.getOutputStream().write(1);
    assertThat(socket.getInputStream().read()).isOne();
  }

  @Test
  void connectionsShareTheRate() throws Exception {
    int bytes = 100_000;
    try (ShapedProxy link = proxy("8mbit,0ms")) {
      Future<?> serving =
          threads.submit(serveEach(2, socket -> socket.getOutputStream().write(new byte[bytes])));
      long start = System.nanoTime();
      Callable<byte[]> read =
          () -> {
            try (Socket socket = connect(link)) {
              return socket.getInputStream().readAllBytes();
            }
          };
      Future<byte[]> one = threads.submit(read);
      Future<byte[]> other = threads.submit(read);
      assertThat(one.get()).hasSize(bytes);
      assertThat(other.get()).hasSize(bytes);
      // A byte takes a microsecond.
      assertThat(System.nanoTime() - start).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(200));
      serving.get();
    }
  }

  @Test
  void aBulkTransferDoesNotHoldUpASmallOne() throws Exception {
    int bulkBytes = 10_000_000;
    try (ShapedProxy link = proxy("8mbit,1ms");
        Socket bulk = connect(link)) {
      Socket bulkServer = server.accept();
      Future<?> sending =
          threads.submit(
              () -> {
                bulkServer.getOutputStream().write(new byte[bulkBytes]);
                return null;
              });
      assertThat(bulk.getInputStream().readNBytes(10_000)).hasSize(10_000);
      try (Socket small = connect(link);
          Socket smallServer = server.accept()) {
        smallServer.getOutputStream().write(1);
        assertThat(small.getInputStream().read()).isOne();
      }
      // The bulk transfer takes ten seconds; first come, first served would give the small one its
      // turn after all that the link holds of it.
      assertThat(link.traffic().receivedBytes()).isLessThan(bulkBytes);
      assertThat(sending.isDone()).isFalse();
      bulkServer.close();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"local", "10gbit,1ms"})
  void aClientThatDoesNotReadStopsTheServer(String net) throws Exception {
    long muchMoreThanAllBuffers = 1L << 30;
    try (ShapedProxy link = proxy(net);
        Socket socket = connect(link);
        Socket served = server.accept()) {
      Thread sender =
          Thread.ofPlatform()
              .daemon()
              .start(
                  () -> {
                    try {
                      byte[] piece = new byte[1 << 20];
                      for (long left = muchMoreThanAllBuffers; left > 0; left -= piece.length) {
                        served.getOutputStream().write(piece);
                      }
                    } catch (IOException e) {
                      // Closed, as expected.
                      return;
                    }
                  });
      // A transfer that nothing holds up would end within the limit, and fail this.
      long[] last = {-1, 0};
      Await.until(
          "nothing moves any more",
          LIMIT,
          () -> {
            long now = link.traffic().receivedBytes();
            last[1] = now == last[0] ? last[1] + 1 : 0;
            last[0] = now;
            return now > 0 && last[1] == 10;
          });
      assertThat(sender.isAlive()).isTrue();
      assertThat(last[0]).isLessThan(muchMoreThanAllBuffers / 4);
      assertThat(socket.getInputStream().readNBytes(1000)).hasSize(1000);
    }
  }
}

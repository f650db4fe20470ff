package io.morsel.bench.net;

import io.morsel.bench.host.Command;
import io.morsel.bench.host.HostException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A link through a pair of virtual interfaces, the far one in a network namespace of its own, where
 * the kernel shapes what leaves either. Safe for use by many threads.
 *
 * <p>Clients reach a proxy on loopback, which counts and goes on to an address in the namespace.
 * There a second proxy of this process listens, and goes on to the server on loopback: its
 * listening socket is in the namespace, its connections to the server are not.
 *
 * <p>Delay, loss, a new connection's round trip and congestion control are the kernel's own then.
 * The rate counts packets with their headers, so that what TCP carries is about 5 % less. Without
 * slow start, connections begin with a window that fills the line, set on the routes; and however
 * many there are, they share one queue, in order of arrival.
 */
final class KernelLink implements Link {
  private static final AtomicInteger SEQUENCE = new AtomicInteger();
  private static final int PORT = 5000;
  private static final int PACKET_BYTES = 1500;

  /** What fits the 64 KiB that an IP packet can have. */
  private static final int MAX_PACKET_SEGMENTS = 44;

  /** netem's own default; a longer queue where the line holds more. */
  private static final long MIN_QUEUE_PACKETS = 1000;

  private final Wire wire;
  private final ShapedProxy far;
  private final ShapedProxy near;

  private KernelLink(Wire wire, ShapedProxy far, ShapedProxy near) {
    this.wire = wire;
    this.far = far;
    this.near = near;
  }

  /** Whether this machine can do it, found out by doing it with nothing at stake. */
  static boolean isSupported() {
    try (Wire wire = Wire.next()) {
      wire.create(1);
      wire.shape(List.of("netem", "delay", "1ms"));
      return true;
    } catch (HostException e) {
      return false;
    }
  }

  /**
   * A link that netem shapes.
   *
   * @throws HostException if it can't be set up; nothing of it is left then
   */
  static KernelLink open(Net net, InetSocketAddress target) {
    return open(
        netem(net), net.slowStart() ? List.of() : fullWindow(net), packetSegments(net), target);
  }

  /**
   * A link that any queueing discipline shapes.
   *
   * @param discipline what follows {@code tc qdisc add dev NAME root}, for both directions
   * @param routing what is added to both routes
   * @param packetSegments how many segments the kernel may pass as one packet
   */
  static KernelLink open(
      List<String> discipline, List<String> routing, int packetSegments, InetSocketAddress target) {
    Wire wire = Wire.next();
    try {
      wire.create(packetSegments);
      wire.shape(discipline);
      wire.route(routing);
      InetSocketAddress address = new InetSocketAddress(wire.farAddress(), PORT);
      ServerSocketChannel listener = Namespace.newServerSocket(wire.namespace());
      ShapedProxy far = ShapedProxy.open(Net.LOCAL, listener, address, target);
      try {
        return new KernelLink(wire, far, ShapedProxy.open(Net.LOCAL, address));
      } catch (HostException e) {
        far.close();
        throw e;
      }
    } catch (IOException e) {
      wire.close();
      throw new HostException("can't listen in a network namespace: " + e.getMessage(), e);
    } catch (HostException e) {
      wire.close();
      throw e;
    }
  }

  /** What {@code tc} is told for a network. */
  static List<String> netem(Net net) {
    List<String> words = new ArrayList<>(List.of("netem"));
    words.addAll(List.of("limit", Long.toString(queuePackets(net))));
    if (net.rttMicros() > 0) {
      words.addAll(List.of("delay", net.rttMicros() / 2 + "us"));
    }
    if (net.lossPercent() > 0) {
      words.addAll(List.of("loss", String.format(Locale.ROOT, "%.6f%%", net.lossPercent())));
    }
    net.bitsPerSecond().ifPresent(bits -> words.addAll(List.of("rate", bits + "bit")));
    return List.copyOf(words);
  }

  /** What {@code ip route} is told so that connections begin with all that the line holds. */
  static List<String> fullWindow(Net net) {
    long segments = Math.clamp(linePackets(net), 10, 10_000);
    return List.of("initcwnd", Long.toString(segments), "initrwnd", Long.toString(segments));
  }

  /**
   * As many as the line sends in 0.1 ms: virtual interfaces would pass up to 64 KiB at once, which
   * is a burst on a slow line, while single segments cost too much of the processor on a fast one.
   * What gets lost is a packet, so that with losses it must be one segment.
   */
  static int packetSegments(Net net) {
    double bytes = net.bitsPerSecond().orElse(Long.MAX_VALUE) / 8e4;
    return net.lossPercent() > 0
        ? 1
        : (int) Math.clamp(bytes / PACKET_BYTES, 1.0, (double) MAX_PACKET_SEGMENTS);
  }

  private static long queuePackets(Net net) {
    return Math.max(MIN_QUEUE_PACKETS, 2 * linePackets(net));
  }

  private static long linePackets(Net net) {
    double bytesPerMicro = net.bitsPerSecond().orElse(0) / 8.0 / TimeUnit.SECONDS.toMicros(1);
    return Math.round(bytesPerMicro * net.rttMicros() / PACKET_BYTES);
  }

  @Override
  public int port() {
    return near.port();
  }

  @Override
  public Traffic traffic() {
    return near.traffic();
  }

  @Override
  public void watch(ExchangeLog log) {
    near.watch(log);
  }

  @Override
  public void close() {
    near.close();
    far.close();
    wire.close();
  }

  /** A network namespace and the pair of interfaces that leads there. */
  private record Wire(String namespace, String near, String far, int block)
      implements AutoCloseable {
    /** Of four addresses each, in the range that is set aside for measurements (RFC 2544). */
    private static final int BLOCKS = 1 << 15;

    /** Named by this process, so that two runs don't meet. An interface's name has 15 bytes. */
    static Wire next() {
      long pid = ProcessHandle.current().pid();
      int sequence = SEQUENCE.incrementAndGet() % 1000;
      String name = "mb%d-%d".formatted(pid, sequence);
      int block = (int) ((pid * 31 + sequence) % BLOCKS);
      return new Wire("morsel-" + name, name + "h", name + "n", block);
    }

    String farAddress() {
      return address(2);
    }

    private String address(int host) {
      int offset = 4 * block + host;
      return "198.%d.%d.%d".formatted(18 + (offset >> 16), (offset >> 8) & 0xff, offset & 0xff);
    }

    void create(int packetSegments) {
      ip("netns", "add", namespace);
      List<Object> segments = List.of("gso_max_segs", packetSegments);
      ip("link", "add", near, segments, "type", "veth", "peer", "name", far, segments);
      ip("link", "set", far, "netns", namespace);
      ip("addr", "add", address(1) + "/30", "dev", near);
      ip("-n", namespace, "addr", "add", address(2) + "/30", "dev", far);
      ip("link", "set", near, "up");
      ip("-n", namespace, "link", "set", far, "up");
    }

    void shape(List<String> discipline) {
      tc("qdisc", "add", "dev", near, "root", discipline);
      tc("-n", namespace, "qdisc", "add", "dev", far, "root", discipline);
    }

    void route(List<String> words) {
      if (!words.isEmpty()) {
        ip("route", "replace", address(2) + "/32", "dev", near, words);
        ip("-n", namespace, "route", "replace", address(1) + "/32", "dev", far, words);
      }
    }

    /** Removes what is there of it; also on an interrupted thread. */
    @Override
    public void close() {
      boolean interrupted = Thread.interrupted();
      try {
        // Either may be missing, after a failure half way.
        var _ = Command.of("ip", "link", "delete", near).run();
        var _ = Command.of("ip", "netns", "delete", namespace).run();
      } catch (HostException e) {
        // Without ip nothing was made either.
        return;
      } finally {
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
      }
    }

    private static void ip(Object... words) {
      Command.of("ip", List.of(words)).succeed();
    }

    private static void tc(Object... words) {
      Command.of("tc", List.of(words)).succeed();
    }
  }
}

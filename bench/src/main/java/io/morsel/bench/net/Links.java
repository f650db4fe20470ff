package io.morsel.bench.net;

import io.morsel.bench.host.HostException;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/** Makes links, by the best means that this machine has. */
public final class Links {
  /** Asked once: the answer needs root's programs, and does not change while this one runs. */
  private static final class Netem {
    static final boolean AVAILABLE = KernelLink.isSupported();
  }

  private Links() {}

  /**
   * A link to a server on loopback.
   *
   * @param targetPort where the server listens, or will
   * @throws HostException if it can't be set up
   */
  public static Link open(Net net, int targetPort) {
    InetSocketAddress target = new InetSocketAddress(InetAddress.getLoopbackAddress(), targetPort);
    return switch (shaper(net)) {
      case NONE, PROXY -> ShapedProxy.open(net, target);
      case NETEM -> KernelLink.open(net, target);
    };
  }

  /** What {@link #open} shapes this network with. Found out by trying, the first time. */
  public static Shaper shaper(Net net) {
    if (!net.isShaped()) {
      return Shaper.NONE;
    }
    return Netem.AVAILABLE ? Shaper.NETEM : Shaper.PROXY;
  }
}

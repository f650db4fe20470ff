package io.morsel.bench.net;

/** What makes a link behave like its network; stands in reports. */
public enum Shaper {
  /** Nothing: loopback as it is, with a proxy that counts. */
  NONE,
  /** A proxy in this process. */
  PROXY,
  /** The kernel's netem, in a network namespace. */
  NETEM
}

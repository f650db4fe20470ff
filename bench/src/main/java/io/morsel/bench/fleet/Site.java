package io.morsel.bench.fleet;

/** What stands between a site's nodes and the registry. */
public enum Site {
  /** Nothing: every node asks the registry itself. */
  DIRECT("direct"),

  /**
   * Debian's nginx, which keeps slices of blobs: a miss costs the slices that the range touches.
   * Nodes that miss a slice while it is on its way wait for it, and nginx looks only every 500 ms
   * whether it has come.
   */
  NGINX("nginx"),

  /**
   * Debian's squid, which can't keep parts of objects: the first range of a blob has it fetch the
   * whole blob, and a range near the blob's end, such as the TOC, waits until most of it has come.
   */
  SQUID("squid");

  private final String label;

  Site(String label) {
    this.label = label;
  }

  /** The site's name in results, as their mode. */
  public String label() {
    return label;
  }

  /** How many processes serve nodes on a machine with so many processors. */
  int workers(int processors) {
    return this == NGINX ? processors : 1;
  }
}

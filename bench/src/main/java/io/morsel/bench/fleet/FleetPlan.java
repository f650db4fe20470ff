package io.morsel.bench.fleet;

import io.morsel.bench.net.Link;
import io.morsel.bench.net.Net;
import java.nio.file.Path;
import java.util.List;

/**
 * What is to be measured of a fleet.
 *
 * @param net what the link to the registry behaves like
 * @param registry the link that leads to a running registry; stays open
 * @param repositoryAndTag the image within it, eStargz, such as {@code bench/python:esgz}
 * @param workload the image's name in results
 * @param nodes how many nodes start at once, one sample each; at least one number, each at least 1
 * @param sites what stands between them and the registry, by turns
 * @param share how much of each layer's data a start touches, over 0 and up to 1
 * @param rounds how often everything is measured
 * @param work a directory on a disk, for what nodes and caches keep; nothing is left there
 */
public record FleetPlan(
    Net net,
    Link registry,
    String repositoryAndTag,
    String workload,
    List<Integer> nodes,
    List<Site> sites,
    double share,
    int rounds,
    Path work) {
  /** What containers read of their image to start: Slacker (FAST '16) found 6.4 % on average. */
  public static final double DEFAULT_SHARE = 0.06;

  /**
   * Checks the values and sorts the numbers of nodes.
   *
   * @throws IllegalArgumentException if one makes no sense
   */
  public FleetPlan {
    nodes = nodes.stream().distinct().sorted().toList();
    sites = List.copyOf(sites);
    if (nodes.isEmpty() || nodes.getFirst() < 1 || sites.isEmpty()) {
      throw new IllegalArgumentException("a fleet needs at least one node and one site");
    }
    if (!(share > 0 && share <= 1)) {
      throw new IllegalArgumentException(
          "a share of %s; over 0 and up to 1 is possible".formatted(share));
    }
  }
}

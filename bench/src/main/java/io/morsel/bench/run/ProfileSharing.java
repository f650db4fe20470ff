package io.morsel.bench.run;

import io.morsel.bench.image.Workload;
import io.morsel.bench.net.Link;
import io.morsel.bench.net.Net;
import io.morsel.bench.node.Mode;
import io.morsel.bench.node.Morsel;
import io.morsel.bench.node.Node;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Has workloads' starts recorded once, and pushes what was learned next to their images: as a user
 * does who wants all nodes to know. A node that knows of one workload of an image learns of the
 * next one in addition.
 */
final class ProfileSharing {
  /** Morsel's configuration where no profile is to be used. */
  static final String NO_PROFILE = "[profile]\nreplay = false\nfrom_registry = false\n";

  private final Bench bench;
  private final ColdStart coldStart;

  ProfileSharing(Bench bench) {
    this.bench = bench;
    this.coldStart = new ColdStart(bench.registry());
  }

  /** Shares the profiles of these workloads, and forgets those that earlier runs have left. */
  void share(List<Workload> workloads) {
    Mode mode = new Mode.Lazy();
    Link link = bench.links().link(Net.LOCAL);
    Set<String> shared = new HashSet<>();
    for (Workload workload : workloads) {
      String repository = bench.repository(workload.image(), mode);
      String config = shared.add(repository) ? "[profile]\nfrom_registry = false\n" : "";
      bench.sample(
          "profile of " + workload.name(),
          step -> {
            try (Node node = bench.startNode(mode, config)) {
              StartFigures figures = coldStart.measure(node, link, repository, workload, step);
              Morsel morsel = node.morsel().orElseThrow();
              // The start is over: a daemon that stops keeps what it has recorded.
              morsel.close();
              Morsel.command(
                      bench.settings().checkout(),
                      "profile",
                      "push",
                      "--root",
                      morsel.root(),
                      "localhost:" + link.port() + "/" + repository)
                  .succeed();
              return figures;
            }
          },
          figures -> "pushed",
          _ -> {},
          _ -> {});
    }
  }
}

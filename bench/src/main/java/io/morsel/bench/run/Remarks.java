package io.morsel.bench.run;

import io.morsel.bench.net.Calibration;
import io.morsel.bench.net.LinkFigures;
import io.morsel.bench.net.Net;
import io.morsel.bench.node.Mode;
import io.morsel.cli.terminal.Quantity;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Says what a run's figures can't carry. */
final class Remarks {
  private Remarks() {}

  /** What holds for a run with these settings. */
  static List<String> of(RunSettings settings, OpenLinks links) {
    List<String> remarks = new ArrayList<>();
    remarks.add(
        "Client, daemons, registry and network model share the %d processors of one machine: trust ratios of one run, not absolute times."
            .formatted(Runtime.getRuntime().availableProcessors()));
    remarks.add(
        "Medians of %d rounds, taken by turns; the spread from min to max is part of the figure."
            .formatted(settings.rounds()));
    remarks.add(
        "The registry's own pages are warm, so that its disk is not measured; all else is dropped from the page cache before a cold sample.");
    remarks.add(
        "A node's daemons have been up for a while: a cold start begins once they are idle.");
    for (Net net : settings.nets()) {
      remarks.add(network(links.calibration(net)));
    }
    if (settings.groups().contains(GroupName.COLD)) {
      remarks.add(
          "The limit of a cell: a local start of the image that is there in full (the full pull's own, after its pull), and the compressed chunks that the workload touches over the achieved bandwidth, and 4 round trips. What is touched counts the kernel's read-ahead.");
      remarks.add(
          "CPU and memory are the snapshotter's; in the column overlayfs, containerd's, which unpacks.");
    }
    if (settings.groups().contains(GroupName.SCALE)) {
      remarks.add("scale: one sample of each figure, which shows how cost grows, not its noise.");
    }
    if (settings.groups().contains(GroupName.CORE)) {
      remarks.add(
          "core: CPU and memory are those of the one process that pulls, keeps and shows the image; in the columns of containerd, of its snapshotter alone.");
    }
    if (settings.groups().contains(GroupName.MICRO)) {
      remarks.add(
          "micro: code alone, compiled and on warm caches, in a virtual machine of its own; what a cold daemon pays for it the first time stands in cold.");
    }
    if (settings.modes().stream().anyMatch(Mode.Peer.class::isInstance)) {
      remarks.add(
          "A peer is run by somebody else: its process is not started anew for each sample, as Morsel's is, and what it keeps of earlier rounds is its own matter unless --peer-reset is given.");
    }
    return remarks;
  }

  private static String network(Calibration calibration) {
    LinkFigures achieved = calibration.achieved();
    String by =
        switch (calibration.shaper()) {
          case NONE -> "as it is, through a proxy that counts";
          case PROXY ->
              "a model: a proxy delays and limits what passes; it knows no congestion but what it is told";
          case NETEM -> "shaped by the kernel's netem";
        };
    return String.format(
        Locale.ROOT,
        "Network %s: %s. Its self-test reached %s/s and a round trip of %.2f ms%s.",
        calibration.net().name(),
        by,
        Quantity.bytes(Math.round(calibration.achievedBytesPerSecond())),
        achieved.roundTripMicros() / 1e3,
        calibration.withinTolerance() ? "" : ", which is NOT within its tolerance");
  }
}

package io.morsel.bench.run;

import io.morsel.bench.fleet.FleetGroup;
import io.morsel.bench.fleet.FleetPlan;
import io.morsel.bench.fleet.Site;
import io.morsel.bench.host.Directories;
import io.morsel.bench.host.DockerRegistry;
import io.morsel.bench.host.Uninterrupted;
import io.morsel.bench.image.BenchImage;
import io.morsel.bench.image.ImageCache;
import io.morsel.bench.image.ImageLibrary;
import io.morsel.bench.image.Size;
import io.morsel.bench.image.Workload;
import io.morsel.bench.image.Workloads;
import io.morsel.bench.micro.MicroGroup;
import io.morsel.bench.net.Net;
import io.morsel.bench.result.BenchResult;
import io.morsel.bench.result.Recorder;
import io.morsel.cli.terminal.Progress;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** One run: images, registry, networks, and the groups one after the other. */
public final class RunJob {
  private final RunSettings settings;
  private final Progress progress;

  /** A run of these settings that shows its progress there. */
  public RunJob(RunSettings settings, Progress progress) {
    this.settings = settings;
    this.progress = progress;
  }

  /**
   * Measures everything. Whatever ends it, no process, mount, namespace or directory of it is left.
   *
   * @param command that reproduces the run
   * @param options what the user asked for, by option
   */
  public BenchResult run(String command, Map<String, String> options) {
    Instant began = Instant.now();
    // Now: what is measured is what was built, whatever becomes of the checkout meanwhile.
    String commit = MachineProbe.commit(settings.checkout());
    Recorder recorder = new Recorder();
    List<String> remarks = new ArrayList<>();
    ImageLibrary images =
        new ImageCache(settings.cache(), settings.checkout())
            .prepare(neededImages(), settings.size(), progress);
    Path work = Directories.temporary(settings.work(), "morsel-bench-");
    try (DockerRegistry registry =
            DockerRegistry.start(images.storage(), Directories.temporary(work, "registry-"));
        OpenLinks links = new OpenLinks(registry.port())) {
      Bench bench = new Bench(settings, images, registry, links, recorder, progress, work);
      if (needsNodes() && settings.size() != Size.SMOKE) {
        // Tiny images exercise too little for the runs that come after.
        AotRecording.ensure(bench);
      }
      if (settings.groups().contains(GroupName.COLD)) {
        new ColdGroup(bench).run();
      }
      if (settings.groups().contains(GroupName.TOTAL)) {
        new TotalGroup(bench).run();
      }
      if (settings.groups().contains(GroupName.STEADY)) {
        new SteadyGroup(bench).run();
      }
      if (settings.groups().contains(GroupName.SCALE)) {
        new ScaleGroup(bench).run();
      }
      if (settings.groups().contains(GroupName.CORE)) {
        new CoreGroup(bench).run();
      }
      remarks.addAll(Remarks.of(settings, links));
      if (settings.groups().contains(GroupName.FLEET)) {
        remarks.addAll(fleet(bench));
      }
      if (settings.groups().contains(GroupName.MICRO)) {
        MicroGroup.run(settings.size() != Size.FULL, recorder, progress);
      }
    } finally {
      Uninterrupted.run(() -> Directories.delete(work));
    }
    return new BenchResult(
        BenchResult.SCHEMA,
        commit,
        began.truncatedTo(ChronoUnit.SECONDS).toString(),
        ChronoUnit.MILLIS.between(began, Instant.now()),
        command,
        options,
        MachineProbe.machine(settings.checkout()),
        recorder.cells(),
        remarks);
  }

  private List<String> fleet(Bench bench) {
    BenchImage image = Workloads.cold(settings.size()).getFirst().image();
    List<String> said = new ArrayList<>();
    for (Net net : settings.nets()) {
      if (net.equals(Net.LOCAL) && settings.nets().size() > 1) {
        // A fleet is about the registry's link, and loopback is none.
        continue;
      }
      FleetPlan plan =
          new FleetPlan(
              net,
              bench.links().link(net),
              bench.images().esgz(image),
              image.name().toLowerCase(Locale.ROOT),
              settings.fleetNodes(),
              List.of(Site.values()),
              FleetPlan.DEFAULT_SHARE,
              settings.size() == Size.FULL ? settings.rounds() : 1,
              bench.work());
      said.addAll(FleetGroup.run(plan, bench.recorder(), progress));
    }
    return said;
  }

  private boolean needsNodes() {
    Set<GroupName> others = EnumSet.copyOf(settings.groups());
    others.removeAll(EnumSet.of(GroupName.FLEET, GroupName.MICRO));
    return !others.isEmpty();
  }

  private Set<BenchImage> neededImages() {
    Set<BenchImage> images = EnumSet.noneOf(BenchImage.class);
    List<Workload> cold = Workloads.cold(settings.size());
    if (settings.groups().contains(GroupName.COLD)) {
      cold.stream()
          .filter(w -> settings.workloads().isEmpty() || settings.workloads().contains(w.name()))
          .forEach(w -> images.add(w.image()));
    }
    if (needsNodes() || settings.groups().contains(GroupName.FLEET)) {
      images.add(cold.getFirst().image());
    }
    if (settings.groups().contains(GroupName.TOTAL)) {
      images.add(Workloads.reader(100, settings.size()).image());
    }
    if (settings.groups().contains(GroupName.STEADY)) {
      images.add(BenchImage.STEADY);
    }
    if (settings.groups().contains(GroupName.CORE)) {
      images.add(BenchImage.TINY);
    }
    if (settings.groups().contains(GroupName.SCALE)) {
      images.add(BenchImage.LAYERS);
      images.add(BenchImage.ENTRIES);
    }
    return images;
  }
}

package io.morsel.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code morsel version}. */
@Command(
    name = "version",
    description = {"Shows which Morsel this is.", ""},
    footer = {
      "",
      "Examples:",
      "  morsel version",
      "  morsel version --json | jq -r .commit",
    })
final class VersionCommand implements Callable<Integer> {
  @Option(names = "--json", description = "Print JSON.")
  boolean json;

  @Spec @Nullable CommandSpec spec;

  @Override
  public Integer call() {
    BuildInfo build = BuildInfo.load();
    String java = System.getProperty("java.vm.version", "unknown");
    String os = System.getProperty("os.name") + " " + System.getProperty("os.version");
    String architecture = System.getProperty("os.arch", "unknown");
    PrintWriter out = Commands.out(spec);
    if (json) {
      // Values without a character that JSON would want escaped; a JSON library costs 100 ms here.
      out.printf(
          "{\"version\":\"%s\",\"commit\":\"%s\",\"java\":\"%s\",\"os\":\"%s\",\"architecture\":\"%s\"}%n",
          build.version(), build.commit(), java, os, architecture);
    } else {
      out.printf("morsel %s (commit %s)%n", build.version(), build.commit());
      out.printf("Java %s, %s, %s%n", java, os, architecture);
    }
    return 0;
  }
}

package io.morsel.bench.run;

import io.morsel.bench.host.Command;
import io.morsel.bench.host.HostException;
import io.morsel.bench.result.Machine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Finds out what a run is made on. */
final class MachineProbe {
  private MachineProbe() {}

  /** This machine, with the versions of the programs that take part. */
  static Machine machine(Path checkout) {
    Map<String, String> versions = new TreeMap<>();
    versions.put("java", System.getProperty("java.runtime.version", "unknown"));
    versions.put("morsel", firstLine(checkout.resolve("morsel").toString(), "version"));
    versions.put("containerd", firstLine("containerd", "--version"));
    versions.put("runc", firstLine("runc", "--version"));
    for (String name : List.of("docker-registry", "stargz-snapshotter", "nginx", "squid")) {
      packageVersion(name, versions);
    }
    return new Machine(
        field("/proc/cpuinfo", "model name\\s*:\\s*(.*)"),
        Runtime.getRuntime().availableProcessors(),
        Long.parseLong(field("/proc/meminfo", "MemTotal:\\s*(\\d+) kB")) << 10,
        firstLine("uname", "-r"),
        field("/etc/os-release", "PRETTY_NAME=\"(.*)\""),
        versions);
  }

  /** The commit of the checkout; {@code unknown} where it is none. */
  static String commit(Path checkout) {
    Command.Result head =
        Command.of("git", "-C", checkout, "rev-parse", "--short=12", "HEAD").run();
    if (head.exitCode() != 0) {
      return "unknown";
    }
    Command.Result changes =
        Command.of("git", "-C", checkout, "status", "--porcelain", "--untracked-files=no").run();
    return head.text().strip() + (changes.text().isBlank() ? "" : "-dirty");
  }

  private static String firstLine(String... words) {
    try {
      return Command.of((Object[]) words).succeed().lines().findFirst().orElse("").strip();
    } catch (HostException e) {
      return "unknown";
    }
  }

  private static void packageVersion(String name, Map<String, String> versions) {
    Command.Result result = Command.of("dpkg-query", "-W", "-f", "${Version}", name).run();
    if (result.exitCode() == 0 && !result.text().isBlank()) {
      versions.put(name, result.text().strip());
    }
  }

  private static String field(String file, String pattern) {
    var compiled = java.util.regex.Pattern.compile(pattern);
    try {
      return Files.readAllLines(Path.of(file)).stream()
          .map(compiled::matcher)
          .filter(java.util.regex.Matcher::matches)
          .map(matcher -> matcher.group(1))
          .findFirst()
          .orElse("0");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

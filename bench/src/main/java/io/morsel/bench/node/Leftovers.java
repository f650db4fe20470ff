package io.morsel.bench.node;

import java.nio.file.Path;
import java.util.List;

/** Ends what outlives an engine by design. */
final class Leftovers {
  private static final List<String> NAMESPACES = List.of("default", "k8s.io");

  private Leftovers() {}

  /** Ends the containers of an engine that still runs. */
  static void endContainers(Engine engine) {
    for (String namespace : NAMESPACES) {
      var list = engine.ctr("--namespace", namespace, "tasks", "ls", "-q");
      for (String task : list.run().text().lines().toList()) {
        engine.ctr("--namespace", namespace, "tasks", "kill", "-s", "KILL", task).run();
        engine.ctr("--namespace", namespace, "tasks", "rm", "-f", task).run();
      }
    }
  }

  /** Ends the shims of an engine that keeps everything below {@code directory}. */
  static void endShims(Path directory) {
    ProcessHandle.allProcesses()
        .filter(
            process ->
                process
                    .info()
                    .commandLine()
                    .filter(line -> line.contains("containerd-shim"))
                    .filter(line -> line.contains("-address " + directory + "/"))
                    .isPresent())
        .forEach(ProcessHandle::destroyForcibly);
  }
}

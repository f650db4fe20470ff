package io.morsel.cli;

import io.morsel.cli.core.CoreClient;
import io.morsel.cli.core.EventStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code morsel events}. */
@Command(
    name = "events",
    description = {
      "Prints what happens in a core, in all namespaces, until interrupted.",
      "",
      "A filter is containerd's: FIELD, FIELD==VALUE, FIELD!=VALUE or FIELD~=REGEX, the value in quotes unless it is of letters and digits; several joined by commas have to hold all. Fields are topic, namespace and event.*, such as event.container_id.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  morsel events",
      "  morsel events --filter 'topic~=\"/tasks/.*\",namespace==default'",
      "  morsel events --json | jq -c 'select(.topic == \"/tasks/exit\")'"
    })
final class EventsCommand implements Callable<Integer> {
  @Mixin CoreOptions core = new CoreOptions();

  @Option(
      names = {"-f", "--filter"},
      paramLabel = "FILTER",
      description = "Print events of which this holds or, if given again, another one.")
  List<String> filters = new ArrayList<>();

  @Option(names = "--json", description = "Print JSON, a document a line.")
  boolean json;

  @Spec @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    try (CoreClient client = core.connect()) {
      return new EventStream(client, Commands.out(spec)).run(filters, json);
    }
  }
}

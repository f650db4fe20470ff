package io.morsel.cli;

import io.morsel.cli.core.KeyValue;
import io.morsel.cli.core.ListRequest;
import io.morsel.cli.terminal.CommandException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** The options of commands that list what a core has. */
final class ListOptions {
  @Option(
      names = {"-f", "--filter"},
      paramLabel = "KEY=VALUE",
      description = "List those of which this holds; may be given again.")
  List<String> filters = new ArrayList<>();

  @Option(names = "--no-trunc", description = "Print identifiers, digests and commands in full.")
  boolean whole;

  @Option(
      names = {"-q", "--quiet"},
      description = "Print names only.")
  boolean quiet;

  @Option(names = "--json", description = "Print JSON.")
  boolean json;

  /**
   * What was asked for.
   *
   * @param keys those that a filter can have
   */
  ListRequest request(List<String> keys) throws CommandException {
    return new ListRequest(KeyValue.parse(filters, keys), quiet, whole, json);
  }
}

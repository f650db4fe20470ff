package io.morsel.cli;

import io.morsel.cli.core.CoreClient;
import io.morsel.cli.image.ImageChanges;
import io.morsel.cli.terminal.ExitCode;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code morsel tag}. */
@Command(
    name = "tag",
    description = {"Gives an image another name; the image that had it loses it.", ""},
    footer = {"", "Examples:", "  morsel tag app:1 registry.example/app:stable"})
final class TagCommand implements Callable<Integer> {
  @Mixin CoreOptions core = new CoreOptions();

  @Parameters(
      index = "0",
      paramLabel = "REF",
      description = "The image: its name, or the beginning of its digest.")
  String source = "";

  @Parameters(
      index = "1",
      paramLabel = "NEW-REF",
      description = "Its new name: [HOST[:PORT]/]NAME[:TAG].")
  String target = "";

  @Spec @Nullable CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    try (CoreClient client = core.connect()) {
      Commands.out(spec).println(new ImageChanges(client).tag(source, target));
    }
    return ExitCode.OK;
  }
}

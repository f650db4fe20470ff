package io.morsel.bench.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ReadmeSectionTest {
  private static final String README =
      "# Title\n\n<!-- bench:begin -->\nold\n<!-- bench:end -->\n\nThe rest.\n";

  @TempDir Path directory;

  @Test
  void replacesWhatStandsBetweenTheMarkersOnly() {
    assertThat(ReadmeSection.replace(README, "\n| a |\n"))
        .isEqualTo("# Title\n\n<!-- bench:begin -->\n\n| a |\n\n<!-- bench:end -->\n\nThe rest.\n");
  }

  @Test
  void twiceIsAsOnce() throws IOException {
    Path file = Files.writeString(directory.resolve("README.md"), README);
    String section = MarkdownReport.render(SampleResult.of(1));

    assertThat(ReadmeSection.update(file, section)).isTrue();
    String once = Files.readString(file);
    assertThat(ReadmeSection.update(file, section)).isFalse();

    assertThat(file).hasContent(once);
    assertThat(once).startsWith("# Title\n").endsWith("<!-- bench:end -->\n\nThe rest.\n");
    assertThat(directory.toFile().list()).containsExactly("README.md");
  }

  @Test
  void aLinkToTheFileStaysOne() throws IOException {
    Path file = Files.writeString(directory.resolve("real.md"), README);
    Path link = Files.createSymbolicLink(directory.resolve("README.md"), file);

    assertThat(ReadmeSection.update(link, "new")).isTrue();

    assertThat(link).isSymbolicLink();
    assertThat(file).content().contains("new");
  }

  @Test
  void missingMarkersAreAnErrorThatLeavesTheFileAsItWas() throws IOException {
    Path file = Files.writeString(directory.resolve("README.md"), "# Title\n");

    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> ReadmeSection.update(file, "new"))
        .withMessage(
            file
                + ": there is no line '<!-- bench:begin -->': put '<!-- bench:begin -->' and"
                + " '<!-- bench:end -->' where the figures are to stand");
    assertThat(file).hasContent("# Title\n");
  }

  @Test
  void wrongMarkersAreErrors() {
    refused(README.replace("<!-- bench:end -->", ""), "there is no line '<!-- bench:end -->'");
    refused(README + README, "there are 2 lines '<!-- bench:begin -->': leave one");
    refused(README + "<!-- bench:end -->", "there are 2 lines '<!-- bench:end -->': leave one");
    refused("<!-- bench:end -->\n<!-- bench:begin -->\n", "put it behind");
  }

  @Test
  void aSectionThatHasAMarkerIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ReadmeSection.replace(README, "a\n<!-- bench:end -->\n"));
  }

  @Test
  void aMarkerThatIsMentionedInALineIsNone() {
    String readme = README + "Put `<!-- bench:begin -->` into the file.\n";

    assertThat(ReadmeSection.replace(readme, "new")).endsWith("into the file.\n");
  }

  private static void refused(String markdown, String why) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ReadmeSection.replace(markdown, "new"))
        .withMessageContaining(why);
  }
}

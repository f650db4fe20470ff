package io.morsel.cli.image;

import io.grpc.StatusException;
import io.morsel.cli.core.Anys;
import io.morsel.cli.core.ContentReader;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.core.KeyValue;
import io.morsel.cli.core.ListRequest;
import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.ExitCode;
import io.morsel.cli.terminal.Quantity;
import io.morsel.cli.terminal.Table;
import io.morsel.containerd.api.images.Image;
import io.morsel.registry.Platform;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code morsel images}. */
public final class ImageList {
  /** The keys of its filters. */
  public static final List<String> FILTERS = List.of("reference", "label");

  private static final int SHORT_DIGEST = "sha256:".length() + 12;
  private static final Logger log = LoggerFactory.getLogger(ImageList.class);

  private final CoreClient client;
  private final PrintWriter out;

  /** A list of the client's images, printed to {@code out}. */
  public ImageList(CoreClient client, PrintWriter out) {
    this.client = client;
    this.out = out;
  }

  /**
   * An image.
   *
   * @param facts what it is; empty where its documents are malformed
   * @param states how it is unpacked
   */
  private record Row(Image image, Optional<ImageFacts> facts, List<LazyState> states) {}

  /**
   * Prints the list; returns the exit code.
   *
   * @param request with filters by keys of {@link #FILTERS}
   * @param only list this image only; empty for all
   */
  public int run(ListRequest request, String only)
      throws CommandException, IOException, InterruptedException {
    List<KeyValue> filters = request.filters();
    ImageNames names = new ImageNames(client);
    List<Image> images =
        (only.isEmpty() ? names.all() : List.of(names.require(only)))
            .stream()
                .filter(image -> filters.stream().allMatch(filter -> matches(image, filter)))
                .toList();
    if (request.quiet() && !request.json()) {
      images.forEach(image -> out.println(image.getName()));
      return ExitCode.OK;
    }
    List<Row> rows = rows(images);
    if (request.json()) {
      ArrayNode list = JsonMapper.shared().createArrayNode();
      rows.forEach(row -> json(list.addObject(), row));
      out.println(list.toPrettyString());
    } else {
      table(rows, request.whole()).print(out);
    }
    return ExitCode.OK;
  }

  private static boolean matches(Image image, KeyValue filter) {
    return switch (filter.key()) {
      // A pattern with stars, which don't reach over slashes.
      case "reference" ->
          image.getName().equals(filter.value())
              || FileSystems.getDefault()
                  .getPathMatcher("glob:" + filter.value())
                  .matches(Path.of(image.getName()));
      case "label" -> filter.matchesLabel(image.getLabelsMap());
      default -> throw new IllegalStateException(filter.key());
    };
  }

  private List<Row> rows(List<Image> images)
      throws CommandException, IOException, InterruptedException {
    ContentReader content = new ContentReader(client);
    LazyStates states = new LazyStates(client);
    List<Row> rows = new ArrayList<>();
    for (Image image : images) {
      try {
        Optional<ImageFacts> facts = facts(content, image);
        Map<String, String> labels =
            facts
                .flatMap(ImageFacts::manifest)
                .map(ImageFacts.Chosen::configLabels)
                .orElse(Map.of());
        rows.add(new Row(image, facts, states.of(labels)));
      } catch (StatusException failure) {
        throw CoreClient.failed("can't look into image '" + image.getName() + "'", failure);
      }
    }
    return rows;
  }

  /** One image that nobody can read must not hide the others. */
  private static Optional<ImageFacts> facts(ContentReader content, Image image)
      throws StatusException {
    try {
      return Optional.of(ImageFacts.read(content, image));
    } catch (IOException | IllegalArgumentException malformed) {
      log.warn("image {} can't be read: {}", image.getName(), malformed.getMessage());
      return Optional.empty();
    }
  }

  private static Table table(List<Row> rows, boolean whole) {
    Instant now = Instant.now();
    Table table = Table.of("IMAGE", "DIGEST", "CREATED", "PLATFORM", "SIZE", "LAZY");
    for (Row row : rows) {
      String digest = row.image().getTarget().getDigest();
      table.row(
          row.image().getName(),
          whole || digest.length() <= SHORT_DIGEST ? digest : digest.substring(0, SHORT_DIGEST),
          Quantity.ago(Anys.instant(row.image().getCreatedAt()), now),
          String.join(", ", platforms(row)),
          row.facts()
              .filter(facts -> facts.manifest().isPresent())
              .map(facts -> Quantity.bytes(facts.sizeBytes()))
              .orElse(""),
          String.join("; ", row.states().stream().map(LazyState::toString).toList()));
    }
    return table;
  }

  private static List<String> platforms(Row row) {
    return row.facts().map(ImageFacts::platforms).orElse(List.of()).stream()
        .map(Platform::toString)
        .distinct()
        .toList();
  }

  private static void json(ObjectNode node, Row row) {
    Image image = row.image();
    node.put("name", image.getName());
    node.put("digest", image.getTarget().getDigest());
    node.put("media_type", image.getTarget().getMediaType());
    Anys.putTime(node, "created", image.getCreatedAt());
    Anys.putTime(node, "updated", image.getUpdatedAt());
    ArrayNode platforms = node.putArray("platforms");
    platforms(row).forEach(platforms::add);
    row.facts()
        .ifPresentOrElse(
            facts -> node.put("size_bytes", facts.sizeBytes()), () -> node.putNull("size_bytes"));
    LazyState.write(row.states(), node.putArray("unpacked"));
    ObjectNode labels = node.putObject("labels");
    image.getLabelsMap().forEach(labels::put);
  }
}

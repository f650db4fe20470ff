package io.morsel.cli.describe;

import io.grpc.StatusException;
import io.morsel.cli.container.ContainerState;
import io.morsel.cli.container.Containers;
import io.morsel.cli.core.Anys;
import io.morsel.cli.core.ContentReader;
import io.morsel.cli.core.CoreClient;
import io.morsel.cli.core.MessageJson;
import io.morsel.cli.image.ImageFacts;
import io.morsel.cli.image.ImageNames;
import io.morsel.cli.image.LazyState;
import io.morsel.cli.image.LazyStates;
import io.morsel.cli.terminal.CommandException;
import io.morsel.containerd.api.containers.Container;
import io.morsel.containerd.api.images.Image;
import io.morsel.containerd.api.types.Process;
import io.morsel.registry.Platform;
import java.io.IOException;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Everything that a core knows of a container or an image. Safe for use by many threads. */
public final class Description {
  private final CoreClient client;

  /** Of what is in the client's namespace. */
  public Description(CoreClient client) {
    this.client = client;
  }

  /** A container, its specification and its task. */
  public ObjectNode container(String name) throws CommandException {
    Containers containers = new Containers(client);
    return container(containers.require(name), containers);
  }

  /** A container by exactly this identifier; empty where there is none. */
  public Optional<ObjectNode> containerById(String id) throws CommandException {
    Containers containers = new Containers(client);
    Optional<Container> container = containers.find(id);
    return container.isPresent()
        ? Optional.of(container(container.get(), containers))
        : Optional.empty();
  }

  private static ObjectNode container(Container container, Containers containers)
      throws CommandException {
    ObjectNode node = JsonMapper.shared().createObjectNode();
    node.put("id", container.getId());
    node.put("image", container.getImage());
    Anys.putTime(node, "created", container.getCreatedAt());
    Anys.putTime(node, "updated", container.getUpdatedAt());
    Optional<Process> task = containers.task(container.getId());
    ContainerState.of(container, task).write(node);
    if (task.isPresent()) {
      node.set("task", MessageJson.of(task.get()));
    } else {
      node.putNull("task");
    }
    ObjectNode runtime = node.putObject("runtime");
    runtime.put("name", container.getRuntime().getName());
    if (container.getRuntime().hasOptions()) {
      runtime.set("options", MessageJson.of(container.getRuntime().getOptions()));
    }
    node.put("snapshotter", container.getSnapshotter());
    node.put("snapshot", container.getSnapshotKey());
    ObjectNode labels = node.putObject("labels");
    container.getLabelsMap().forEach(labels::put);
    ObjectNode extensions = node.putObject("extensions");
    container
        .getExtensionsMap()
        .forEach((name, extension) -> extensions.set(name, MessageJson.of(extension)));
    node.set("spec", Anys.json(container.getSpec()));
    return node;
  }

  /** An image, its manifest and configuration, and how it is unpacked. */
  public ObjectNode image(String name) throws CommandException, IOException, InterruptedException {
    Image image = new ImageNames(client).require(name);
    ObjectNode node = JsonMapper.shared().createObjectNode();
    node.put("name", image.getName());
    node.set("target", MessageJson.of(image.getTarget()));
    Anys.putTime(node, "created", image.getCreatedAt());
    Anys.putTime(node, "updated", image.getUpdatedAt());
    ObjectNode labels = node.putObject("labels");
    image.getLabelsMap().forEach(labels::put);
    try {
      ContentReader content = new ContentReader(client);
      ImageFacts facts = ImageFacts.read(content, image);
      ArrayNode platforms = node.putArray("platforms");
      facts.platforms().stream().map(Platform::toString).forEach(platforms::add);
      node.put("size_bytes", facts.sizeBytes());
      if (facts.manifest().isPresent()) {
        ImageFacts.Chosen chosen = facts.manifest().get();
        node.put("manifest_digest", chosen.descriptor().digest().toString());
        node.set("manifest", document(content, chosen.descriptor().digest().toString()));
        node.set("config", document(content, chosen.manifest().config().digest().toString()));
        LazyState.write(
            new LazyStates(client).of(chosen.configLabels()), node.putArray("unpacked"));
      }
    } catch (StatusException failure) {
      throw CoreClient.failed("can't look into image '" + image.getName() + "'", failure);
    }
    return node;
  }

  private static JsonNode document(ContentReader content, String digest)
      throws IOException, StatusException {
    Optional<byte[]> bytes = content.document(digest);
    try {
      return bytes.isPresent()
          ? JsonMapper.shared().readTree(bytes.get())
          : JsonMapper.shared().getNodeFactory().nullNode();
    } catch (JacksonException malformed) {
      return JsonMapper.shared().getNodeFactory().nullNode();
    }
  }
}

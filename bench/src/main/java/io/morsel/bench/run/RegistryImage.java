package io.morsel.bench.run;

import io.morsel.bench.host.DockerRegistry;
import io.morsel.bench.host.HostException;
import io.morsel.bench.host.Http;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * An image as the registry has it.
 *
 * @param layers their digests, from the lowest up
 * @param layerBytes what they have together, compressed
 * @param files where the registry keeps the image's blobs
 */
record RegistryImage(List<String> layers, long layerBytes, List<Path> files) {
  private static final JsonMapper JSON = new JsonMapper();

  /**
   * Reads an image's manifest.
   *
   * @param repository NAME:TAG
   */
  static RegistryImage read(DockerRegistry registry, String repository) {
    int colon = repository.lastIndexOf(':');
    String url =
        "http://127.0.0.1:%d/v2/%s/manifests/%s"
            .formatted(
                registry.port(), repository.substring(0, colon), repository.substring(colon + 1));
    HttpResponse<String> answer =
        Http.get(url, "Accept", "application/vnd.oci.image.manifest.v1+json");
    if (answer.statusCode() != 200) {
      throw new HostException(url + " is answered with " + answer.statusCode());
    }
    JsonNode manifest = JSON.readTree(answer.body());
    List<String> layers = new ArrayList<>();
    List<Path> files = new ArrayList<>();
    long bytes = 0;
    files.add(registry.blobFile(manifest.at("/config/digest").asString()));
    for (JsonNode layer : manifest.get("layers")) {
      String digest = layer.get("digest").asString();
      layers.add(digest);
      files.add(registry.blobFile(digest));
      bytes += layer.get("size").asLong();
    }
    return new RegistryImage(List.copyOf(layers), bytes, List.copyOf(files));
  }

  /** How many layers there are, each counted once. */
  int distinctLayers() {
    return new HashSet<>(layers).size();
  }
}

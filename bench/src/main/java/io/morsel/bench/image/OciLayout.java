package io.morsel.bench.image;

import io.morsel.bench.host.Command;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;

/**
 * Writes an image as an OCI layout, one gzip layer after the other: the way ordinary images are.
 * For one thread.
 */
public final class OciLayout {
  /** gzip's own default, which is also that of most builders of images. */
  static final int DEFAULT_LEVEL = 6;

  private static final Duration PUSH_LIMIT = Duration.ofMinutes(10);
  private static final String LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
  private static final String CONFIG = "application/vnd.oci.image.config.v1+json";
  private static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";

  private final Path directory;
  private final int level;
  private final List<String> layers = new ArrayList<>();
  private final List<String> diffIds = new ArrayList<>();
  private String settings =
      """
      {"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],\
      "Cmd":["/bin/sh"]}""";

  /** An image without layers so far, whose layout will lie in {@code directory}. */
  public OciLayout(Path directory) {
    this(directory, DEFAULT_LEVEL);
  }

  /** The same with layers compressed at another level, 1 to 9. */
  OciLayout(Path directory, int level) {
    this.directory = directory;
    this.level = level;
  }

  /**
   * Says how containers of the image run.
   *
   * @param json the property {@code config} of the image's configuration
   */
  public OciLayout settings(String json) {
    settings = json;
    return this;
  }

  /** Adds a layer that {@code content} composes. */
  public OciLayout layer(Consumer<TarComposer> content) {
    return compressed(
        out -> {
          try (TarComposer tar = new TarComposer(out)) {
            content.accept(tar);
          }
        });
  }

  /** Adds a layer from a tar that is there. */
  public OciLayout layer(Path tar) {
    return compressed(
        out -> {
          try {
            Files.copy(tar, out);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  private OciLayout compressed(Consumer<OutputStream> tar) {
    try {
      Files.createDirectories(blobs());
      Layer layer = Layer.write(directory.resolve("part"), level, tar);
      Path blob = blobs().resolve(layer.digest());
      Files.move(layer.file(), blob, StandardCopyOption.REPLACE_EXISTING);
      return listed(new Layer(blob, layer.digest(), layer.diffId()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Adds a layer that other images have too. */
  OciLayout layer(Layer shared) {
    try {
      Files.createDirectories(blobs());
      Files.copy(
          shared.file(), blobs().resolve(shared.digest()), StandardCopyOption.REPLACE_EXISTING);
      return listed(shared);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private OciLayout listed(Layer layer) throws IOException {
    layers.add(descriptor(LAYER, layer.digest(), Files.size(layer.file())));
    diffIds.add("\"sha256:" + layer.diffId() + "\"");
    return this;
  }

  /**
   * Adds a layer that is compressed already.
   *
   * @param annotations of its descriptor: members of a JSON object
   */
  public OciLayout blob(byte[] bytes, String annotations) {
    try {
      Files.createDirectories(blobs());
      String digest = sha256(bytes);
      Files.write(blobs().resolve(digest), bytes);
      String plain = descriptor(LAYER, digest, bytes.length);
      layers.add(
          plain.substring(0, plain.length() - 1) + ",\"annotations\":{" + annotations + "}}");
      diffIds.add("\"sha256:" + digest + "\"");
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Completes the layout and pushes it with skopeo, without TLS.
   *
   * @return the digest of the image's manifest
   */
  public String push(String reference) {
    try {
      String config =
          put(
              """
              {"architecture":"%s","os":"linux","config":%s,\
              "rootfs":{"type":"layers","diff_ids":[%s]}}"""
                  .formatted(
                      Architecture.OF_THIS_MACHINE.ociName(), settings, String.join(",", diffIds)),
              CONFIG);
      String manifest =
          put(
              """
              {"schemaVersion":2,"mediaType":"%s","config":%s,"layers":[%s]}"""
                  .formatted(MANIFEST, config, String.join(",", layers)),
              MANIFEST);
      Files.writeString(directory.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
      Files.writeString(
          directory.resolve("index.json"),
          "{\"schemaVersion\":2,\"manifests\":["
              + manifest.replace(
                  "}", ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"latest\"}}")
              + "]}");
      Command.of(
              "skopeo",
              "copy",
              "-q",
              "--dest-tls-verify=false",
              "oci:" + directory + ":latest",
              "docker://" + reference)
          .within(PUSH_LIMIT)
          .succeed();
      return manifest.replaceAll(".*\"(sha256:[0-9a-f]+)\".*", "$1");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String put(String json, String mediaType) throws IOException {
    byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
    String digest = sha256(bytes);
    Files.write(blobs().resolve(digest), bytes);
    return descriptor(mediaType, digest, bytes.length);
  }

  private static String descriptor(String mediaType, String digest, long sizeBytes) {
    return "{\"mediaType\":\"%s\",\"digest\":\"sha256:%s\",\"size\":%d}"
        .formatted(mediaType, digest, sizeBytes);
  }

  private Path blobs() {
    return directory.resolve("blobs/sha256");
  }

  /** The SHA-256 of these bytes in hexadecimal. */
  public static String sha256(byte[] bytes) {
    return HexFormat.of().formatHex(sha256().digest(bytes));
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}

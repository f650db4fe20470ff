package io.morsel.integration;

import io.morsel.bench.host.Command;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.zip.GZIPOutputStream;

/**
 * Writes an image as an OCI layout, one gzip layer after the other: the way ordinary images are.
 */
final class OciLayout {
  private final Path directory;
  private final List<String> layers = new ArrayList<>();
  private final List<String> diffIds = new ArrayList<>();

  OciLayout(Path directory) {
    this.directory = directory;
  }

  /** Adds a layer that {@code content} composes. */
  OciLayout layer(Consumer<TarComposer> content) {
    return rawLayer(
        out -> {
          try (TarComposer tar = new TarComposer(out)) {
            content.accept(tar);
          }
        });
  }

  /** Adds a layer from a tar that is there. */
  OciLayout layer(Path tar) {
    return rawLayer(
        out -> {
          try {
            Files.copy(tar, out);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  private OciLayout rawLayer(Consumer<OutputStream> content) {
    try {
      Files.createDirectories(blobs());
      Path part = directory.resolve("part");
      MessageDigest diffId = sha256();
      MessageDigest blob = sha256();
      try (OutputStream file = new BufferedOutputStream(Files.newOutputStream(part), 1 << 20);
          OutputStream zip = new GZIPOutputStream(new DigestOutputStream(file, blob), 1 << 16);
          OutputStream tar =
              new BufferedOutputStream(new DigestOutputStream(zip, diffId), 1 << 16)) {
        content.accept(tar);
      }
      String digest = HexFormat.of().formatHex(blob.digest());
      layers.add(
          descriptor("application/vnd.oci.image.layer.v1.tar+gzip", digest, Files.size(part)));
      diffIds.add("\"sha256:" + HexFormat.of().formatHex(diffId.digest()) + "\"");
      Files.move(part, blobs().resolve(digest), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Adds a layer that is compressed already, with annotations on its descriptor. */
  OciLayout blob(byte[] bytes, String annotations) {
    try {
      Files.createDirectories(blobs());
      String digest = HostileLayers.sha256(bytes);
      Files.write(blobs().resolve(digest), bytes);
      String plain =
          descriptor("application/vnd.oci.image.layer.v1.tar+gzip", digest, bytes.length);
      layers.add(
          plain.substring(0, plain.length() - 1) + ",\"annotations\":{" + annotations + "}}");
      diffIds.add("\"sha256:" + digest + "\"");
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Completes the layout and pushes it with skopeo; the digest of the image's manifest. */
  String push(String reference) {
    try {
      String arch = System.getProperty("os.arch").equals("aarch64") ? "arm64" : "amd64";
      String config =
          put(
              """
              {"architecture":"%s","os":"linux","config":{"Env":["PATH=/usr/bin:/bin"],"Cmd":["/bin/sh"]},\
              "rootfs":{"type":"layers","diff_ids":[%s]}}"""
                  .formatted(arch, String.join(",", diffIds)),
              "application/vnd.oci.image.config.v1+json");
      String manifest =
          put(
              """
              {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s,"layers":[%s]}"""
                  .formatted(config, layers.stream().collect(Collectors.joining(","))),
              "application/vnd.oci.image.manifest.v1+json");
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
          .succeed();
      return manifest.replaceAll(".*\"(sha256:[0-9a-f]+)\".*", "$1");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String put(String json, String mediaType) throws IOException {
    byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
    String digest = HexFormat.of().formatHex(sha256().digest(bytes));
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

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}

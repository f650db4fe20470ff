package io.morsel.registry;

import io.morsel.registry.RegistryException.Kind;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import okhttp3.HttpUrl;
import okhttp3.Request;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What refers to an image in its registry (OCI distribution specification 1.1, "Listing Referrers"
 * and "Referrers Tag Schema").
 *
 * <p>A registry that does not keep such a list has it kept by its clients, as an index under a tag
 * that is made of the image's digest: read, amended and written back, so that of two who do that at
 * once, one may be lost.
 */
final class Referrers {
  /** More referrers of one image are not looked at. */
  private static final int MAX_LISTED = 1_000;

  private final RegistryClient client;
  private final Http http;
  private final BlobUpload uploads;
  private final RegistrySettings settings;

  Referrers(RegistryClient client, Http http, BlobUpload uploads, RegistrySettings settings) {
    this.client = client;
    this.http = http;
    this.uploads = uploads;
    this.settings = settings;
  }

  /** The manifests of this type that refer to the image, as the registry lists them. */
  List<Descriptor> list(ImageReference repository, Digest subject, String type) throws IOException {
    Optional<ObjectNode> index = byApi(repository, subject, type);
    if (index.isEmpty()) {
      index = byTag(repository, subject);
    }
    if (index.isEmpty()) {
      return List.of();
    }
    String what = "the list of what refers to " + subject;
    List<Descriptor> found = new ArrayList<>();
    for (JsonNode entry : Json.array(index.get(), "manifests", what)) {
      if (found.size() == MAX_LISTED) {
        break;
      }
      // A registry need not filter by type.
      if (type.equals(Json.text(entry, "artifactType", what))) {
        found.add(Json.descriptor(entry, "manifests", what));
      }
    }
    return found;
  }

  /** Empty where the registry has no such API. */
  private Optional<ObjectNode> byApi(ImageReference repository, Digest subject, String type)
      throws IOException {
    Access access = Access.toRead(repository, settings);
    HttpUrl url =
        access
            .url("referrers/" + subject)
            .newBuilder()
            .addQueryParameter("artifactType", type)
            .build();
    String what = "cannot list what refers to " + subject + " in " + repository.name();
    return http.execute(
        access,
        new Request.Builder().url(url).header("Accept", MediaTypes.OCI_INDEX).build(),
        what,
        response ->
            switch (response.code()) {
              case 200 -> {
                String contentType = String.valueOf(response.header("Content-Type", ""));
                // Some answer every address that they don't know, with a page for people.
                yield MediaTypes.isIndex(MediaTypes.ofContentType(contentType))
                    ? Optional.of(
                        index(
                            Http.readBounded(response, Json.MAX_MANIFEST_BYTES, what),
                            "the list of what refers to " + subject))
                    : Optional.empty();
              }
              // Also what registries say that know no such address, or keep others out of it.
              case 400, 401, 403, 404, 405, 501 -> Optional.empty();
              default -> throw Failures.ofStatus(response, what);
            });
  }

  private Optional<ObjectNode> byTag(ImageReference repository, Digest subject) throws IOException {
    try {
      VerifiedContent content = client.manifest(repository.withTag(tag(subject)));
      return Optional.of(index(content.bytes(), "the list of what refers to " + subject));
    } catch (RegistryException e) {
      if (e.kind() == Kind.NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private static ObjectNode index(byte[] bytes, String what) throws RegistryException {
    return ManifestDocument.parse(bytes, MediaTypes.OCI_INDEX, true, what);
  }

  private static String tag(Digest subject) {
    return subject.algorithm() + "-" + subject.hex();
  }

  /** The artifacts that these describe; one that is no artifact of the image is left out. */
  Optional<Artifact> read(ImageReference repository, Descriptor descriptor, Digest subject)
      throws IOException {
    return Artifact.parse(client.manifest(repository, descriptor).bytes())
        .filter(artifact -> artifact.subject().digest().equals(subject));
  }

  /**
   * Writes an artifact, in place of those of the same type that the list by tag has.
   *
   * @return the descriptor of its manifest
   */
  Descriptor attach(ImageReference repository, Artifact artifact, byte[] content)
      throws IOException {
    uploads.push(repository, artifact.content(), () -> new ByteArrayInputStream(content), null);
    uploads.push(
        repository,
        Artifact.EMPTY.descriptor(),
        () -> new ByteArrayInputStream(Artifact.EMPTY.bytes()),
        null);
    VerifiedContent manifest = artifact.manifest();
    Digest digest = manifest.descriptor().digest();
    uploads.putManifest(repository.withDigest(digest), digest.toString(), manifest);
    Digest subject = artifact.subject().digest();
    if (byApi(repository, subject, artifact.type()).isEmpty()) {
      addByTag(repository, artifact, manifest.descriptor());
    }
    return manifest.descriptor();
  }

  private void addByTag(ImageReference repository, Artifact artifact, Descriptor manifest)
      throws IOException {
    Digest subject = artifact.subject().digest();
    ObjectNode known = byTag(repository, subject).orElseGet(Json::newObject);
    ObjectNode index = Json.newObject();
    index.put("schemaVersion", 2);
    index.put("mediaType", MediaTypes.OCI_INDEX);
    ArrayNode manifests = index.putArray("manifests");
    ObjectNode own = Json.toJson(manifest);
    own.put("artifactType", artifact.type());
    Json.putAnnotations(own, artifact.annotations());
    manifests.add(own);
    String what = "the list of what refers to " + subject;
    for (JsonNode entry : Json.array(known, "manifests", what)) {
      // What others attached stays as it is.
      if (!artifact.type().equals(Json.text(entry, "artifactType", what))) {
        manifests.add(entry);
      }
    }
    String tag = tag(subject);
    uploads.putManifest(
        repository.withTag(tag), tag, VerifiedContent.of(MediaTypes.OCI_INDEX, Json.write(index)));
  }
}

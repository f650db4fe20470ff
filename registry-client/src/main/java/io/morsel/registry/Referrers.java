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
  private final Hosts hosts;

  Referrers(RegistryClient client, Http http, BlobUpload uploads, Hosts hosts) {
    this.client = client;
    this.http = http;
    this.uploads = uploads;
    this.hosts = hosts;
  }

  /** The manifests of this type that refer to the image, as the registry lists them. */
  List<Descriptor> list(ImageReference repository, Digest subject, String type) throws IOException {
    Optional<ObjectNode> index =
        byApi(hosts.toListReferrers(repository), repository, subject, type);
    if (index.isEmpty()) {
      index = byTag(hosts.toResolve(repository), repository, subject);
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

  /** Empty where none of the hosts has such an API. */
  private Optional<ObjectNode> byApi(
      List<Access> from, ImageReference repository, Digest subject, String type)
      throws IOException {
    String what = "cannot list what refers to " + subject + " in " + repository.name();
    try {
      return Optional.of(
          http.execute(
              from,
              access -> request(access, subject, type),
              null,
              what,
              response -> {
                String contentType = String.valueOf(response.header("Content-Type", ""));
                // Some answer every address that they don't know, with a page for people.
                boolean list = MediaTypes.isIndex(MediaTypes.ofContentType(contentType));
                if (isWithoutApi(response.code()) || (response.code() == 200 && !list)) {
                  throw new RegistryException(
                      Kind.NOT_FOUND,
                      what + ": " + Failures.hostOf(response.request().url()) + " has no list");
                }
                if (response.code() != 200) {
                  throw Failures.ofStatus(response, what);
                }
                byte[] bytes = Http.readBounded(response, Json.MAX_MANIFEST_BYTES, what);
                return index(bytes, "the list of what refers to " + subject);
              }));
    } catch (RegistryException e) {
      if (e.kind() == Kind.NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private static Request request(Access access, Digest subject, String type) {
    HttpUrl url =
        access
            .url("referrers/" + subject)
            .newBuilder()
            .addQueryParameter("artifactType", type)
            .build();
    return new Request.Builder().url(url).header("Accept", MediaTypes.OCI_INDEX).build();
  }

  /** Also what registries say that know no such address, or keep others out of it. */
  private static boolean isWithoutApi(int status) {
    return switch (status) {
      case 400, 401, 403, 404, 405, 501 -> true;
      default -> false;
    };
  }

  private Optional<ObjectNode> byTag(List<Access> from, ImageReference repository, Digest subject)
      throws IOException {
    String tag = tag(subject);
    try {
      VerifiedContent content = client.fetchManifest(from, repository.withTag(tag), tag, null);
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
    // What is asked here decides what is written: it is for the host that is written to.
    List<Access> written = List.of(hosts.toWrite(repository));
    if (byApi(written, repository, subject, artifact.type()).isEmpty()) {
      addByTag(repository, artifact, manifest.descriptor());
    }
    return manifest.descriptor();
  }

  private void addByTag(ImageReference repository, Artifact artifact, Descriptor manifest)
      throws IOException {
    Digest subject = artifact.subject().digest();
    ObjectNode known =
        byTag(List.of(hosts.toWrite(repository)), repository, subject).orElseGet(Json::newObject);
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

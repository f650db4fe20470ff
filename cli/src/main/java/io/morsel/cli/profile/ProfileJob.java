package io.morsel.cli.profile;

import io.morsel.cli.source.Images;
import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.ExitCode;
import io.morsel.cli.terminal.Interruption;
import io.morsel.cli.terminal.Printable;
import io.morsel.cli.terminal.Quantity;
import io.morsel.prefetch.profile.ChunkUse;
import io.morsel.prefetch.profile.ImageProfile;
import io.morsel.prefetch.profile.ProfileFormatException;
import io.morsel.prefetch.profile.ProfileJson;
import io.morsel.prefetch.profile.ProfileStore;
import io.morsel.prefetch.profile.RecordedStart;
import io.morsel.prefetch.profile.SharedProfiles;
import io.morsel.registry.Descriptor;
import io.morsel.registry.Digest;
import io.morsel.registry.RegistryClient;
import io.morsel.registry.ResolvedImage;
import io.morsel.registry.TransferListener;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** One run of a {@code morsel profile} command. */
public final class ProfileJob {
  private static final Duration CLEANUP_GRACE = Duration.ofSeconds(5);
  private static final long POLL_MILLIS = 100;

  private final ProfileRequest request;
  private final ProfileStore store;
  private final String version;
  private final PrintWriter out;

  /** What a command does with the image that is meant. */
  @FunctionalInterface
  private interface Work {
    void run(RegistryClient client, ResolvedImage image) throws Exception;
  }

  /**
   * A run that prints to {@code out}.
   *
   * @param version this program's version
   */
  public ProfileJob(ProfileRequest request, String version, PrintWriter out) {
    this.request = request;
    this.store = new ProfileStore(request.root(), request.maxKept());
    this.version = version;
    this.out = out;
  }

  /**
   * Writes down what the node has learned.
   *
   * @param file where to; null for the output
   * @param waitSeconds for how long to wait for a start that is recorded from now on; 0 for what is
   *     known already
   * @return the exit code
   */
  public int record(@Nullable Path file, int waitSeconds) throws Exception {
    Instant begin = Instant.now();
    return with(
        (client, image) -> {
          ImageProfile profile =
              waitSeconds == 0 ? here(image) : recordedSince(begin, waitSeconds, image);
          write(profile, file);
        });
  }

  /**
   * Prints what a profile holds: a file's, else the node's, else the registry's.
   *
   * @param file the profile; null for the node's or the registry's
   * @param files whether to list the files that it names
   * @param json whether to print JSON
   * @return the exit code
   */
  public int show(@Nullable Path file, boolean files, boolean json) throws Exception {
    return with(
        (client, image) -> {
          Digest digest = image.manifestDescriptor().digest();
          ImageProfile profile;
          if (file != null) {
            profile = read(file, digest);
          } else {
            Optional<ImageProfile> known = store.read(digest);
            profile = known.isPresent() ? known.get() : there(client, digest);
          }
          List<ChunkUse> next = profile.forNextStart(Long.MAX_VALUE);
          List<String> paths =
              files
                  ? UsedFiles.of(profile, next, client.source(request.reference()), image)
                  : List.of();
          if (json) {
            out.println(json(profile, next, paths));
          } else {
            print(profile, next, paths);
          }
        });
  }

  /**
   * Writes a profile next to its image in the registry.
   *
   * @param file the profile; null for the node's
   * @return the exit code
   */
  public int push(@Nullable Path file) throws Exception {
    return with(
        (client, image) -> {
          Descriptor manifest = image.manifestDescriptor();
          ImageProfile profile = file == null ? here(image) : read(file, manifest.digest());
          Descriptor pushed =
              new SharedProfiles(client).push(request.reference(), manifest, profile);
          out.println(request.reference().withDigest(pushed.digest()));
        });
  }

  /**
   * Takes a profile from the image's registry.
   *
   * @param file where to write it; null for the node's profiles, where it is added to what is known
   * @return the exit code
   */
  public int pull(@Nullable Path file) throws Exception {
    return with(
        (client, image) -> {
          ImageProfile profile = there(client, image.manifestDescriptor().digest());
          if (file != null) {
            write(profile, file);
            return;
          }
          ImageProfile known = store.read(profile.image()).orElse(profile);
          store.write(profile.with(known));
          out.println(store.file(profile.image()));
        });
  }

  private int with(Work work) throws Exception {
    Set<String> plainHttpHosts =
        request.plainHttp() ? Set.of(request.reference().registry()) : Set.of();
    return Interruption.guard(
        CLEANUP_GRACE,
        () -> {
          try (RegistryClient client =
              Images.client(
                  version, plainHttpHosts, request.hostsDirectory(), TransferListener.NONE)) {
            work.run(client, client.resolve(request.reference(), request.platform()));
          }
          return ExitCode.OK;
        });
  }

  private ImageProfile here(ResolvedImage image) throws IOException, CommandException {
    Digest digest = image.manifestDescriptor().digest();
    return store
        .read(digest)
        .orElseThrow(
            () ->
                CommandException.failed(
                    "no start of "
                        + request.reference()
                        + " (manifest "
                        + digest
                        + ") has been recorded below "
                        + request.root()
                        + "; start a container of it here and wait until it has settled"));
  }

  private ImageProfile there(RegistryClient client, Digest image)
      throws IOException, CommandException {
    return new SharedProfiles(client)
        .find(request.reference(), image)
        .orElseThrow(
            () ->
                CommandException.failed(
                    "there is no profile of "
                        + request.reference()
                        + " (manifest "
                        + image
                        + ") in "
                        + request.reference().name()
                        + "; 'morsel profile push' on a node that has one shares it"));
  }

  private ImageProfile recordedSince(Instant begin, int waitSeconds, ResolvedImage image)
      throws IOException, CommandException, InterruptedException {
    Digest digest = image.manifestDescriptor().digest();
    Instant deadline = begin.plusSeconds(waitSeconds);
    while (true) {
      Optional<ImageProfile> known = store.read(digest);
      if (known.isPresent()
          && known.get().starts().stream().map(RecordedStart::time).anyMatch(begin::isBefore)) {
        return known.get();
      }
      if (Instant.now().isAfter(deadline)) {
        throw CommandException.failed(
            "no start of "
                + request.reference()
                + " that taught anything new was recorded within "
                + waitSeconds
                + " s; is a container of it started on this node, and does Morsel serve below "
                + request.root()
                + "?");
      }
      Thread.sleep(POLL_MILLIS);
    }
  }

  private ImageProfile read(Path file, Digest image) throws IOException, CommandException {
    if (Files.size(file) > ProfileJson.MAX_BYTES) {
      throw CommandException.failed(
          file + ": larger than any profile: " + Files.size(file) + " bytes");
    }
    ImageProfile profile;
    try {
      profile = ProfileJson.parse(Files.readAllBytes(file));
    } catch (ProfileFormatException e) {
      throw CommandException.failed(file + ": " + e.getMessage(), e);
    }
    if (!profile.image().equals(image)) {
      throw CommandException.failed(
          file
              + ": a profile of image "
              + profile.image()
              + ", while "
              + request.reference()
              + " is "
              + image);
    }
    return profile;
  }

  private void write(ImageProfile profile, @Nullable Path file) throws IOException {
    byte[] json = ProfileJson.write(profile);
    if (file == null) {
      out.println(new String(json, StandardCharsets.UTF_8));
    } else {
      Files.write(file, json);
    }
  }

  private static long bytes(List<ChunkUse> uses) {
    return uses.stream().mapToLong(ChunkUse::blobBytes).sum();
  }

  private void print(ImageProfile profile, List<ChunkUse> next, List<String> paths) {
    out.println("Image    " + request.reference() + ", manifest " + profile.image());
    out.printf("Fetched  %d chunks, %s%n", next.size(), Quantity.bytes(bytes(next)));
    for (int i = 0; i < profile.layers().size(); i++) {
      List<ChunkUse> own = ofLayer(next, i);
      out.printf(
          "Layer    %s  %d chunks, %s%n",
          profile.layers().get(i), own.size(), Quantity.bytes(bytes(own)));
    }
    for (RecordedStart start : profile.starts()) {
      out.printf(
          "Start    %s  %d chunks, %s%n",
          start.time(), start.uses().size(), Quantity.bytes(start.blobBytes()));
    }
    paths.forEach(path -> out.println("File     " + Printable.text(path)));
  }

  private static List<ChunkUse> ofLayer(List<ChunkUse> uses, int layer) {
    return uses.stream().filter(use -> use.layer() == layer).toList();
  }

  private String json(ImageProfile profile, List<ChunkUse> next, List<String> paths) {
    ObjectNode document = JsonMapper.shared().createObjectNode();
    document.put("image", request.reference().toString());
    document.put("manifest_digest", profile.image().toString());
    document.put("chunks", next.size());
    document.put("bytes", bytes(next));
    ArrayNode layers = document.putArray("layers");
    for (int i = 0; i < profile.layers().size(); i++) {
      List<ChunkUse> own = ofLayer(next, i);
      layers
          .addObject()
          .put("digest", profile.layers().get(i).toString())
          .put("chunks", own.size())
          .put("bytes", bytes(own));
    }
    ArrayNode starts = document.putArray("starts");
    for (RecordedStart start : profile.starts()) {
      starts
          .addObject()
          .put("time", start.time().toString())
          .put("chunks", start.uses().size())
          .put("bytes", start.blobBytes());
    }
    if (!paths.isEmpty()) {
      ArrayNode files = document.putArray("files");
      paths.forEach(files::add);
    }
    return document.toPrettyString();
  }
}

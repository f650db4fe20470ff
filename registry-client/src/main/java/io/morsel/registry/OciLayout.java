package io.morsel.registry;

import io.morsel.registry.RegistryException.Kind;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A directory of images (OCI image specification, image-layout.md). Every file appears whole or not
 * at all. Safe for use by many threads and, as to {@code index.json}, by many processes.
 */
final class OciLayout {
  private static final String PREFIX = "oci:";
  private static final String REF_NAME = "org.opencontainers.image.ref.name";
  private static final byte[] LAYOUT_FILE =
      "{\"imageLayoutVersion\":\"1.0.0\"}".getBytes(StandardCharsets.UTF_8);

  /** File locks are a process's: this one keeps its threads apart. */
  private static final ReentrantLock INDEX_LOCK = new ReentrantLock();

  private final Path directory;

  private OciLayout(Path directory) {
    this.directory = directory;
  }

  static boolean isLayoutName(String name) {
    return name.startsWith(PREFIX);
  }

  static ImageSource sourceOf(String name) {
    Name parts = Name.parse(name);
    return new Source(new OciLayout(parts.directory()), parts.tag(), name);
  }

  static ImageTarget targetOf(String name) {
    Name parts = Name.parse(name);
    return new Target(new OciLayout(parts.directory()), parts.tag(), name);
  }

  /** The two parts of {@code oci:DIRECTORY[:TAG]}. */
  private record Name(Path directory, @Nullable String tag) {
    static Name parse(String name) {
      String rest = name.substring(PREFIX.length());
      int colon = rest.lastIndexOf(':');
      boolean tagged = colon > rest.lastIndexOf('/');
      String directory = tagged ? rest.substring(0, colon) : rest;
      String tag = tagged ? rest.substring(colon + 1) : null;
      if (directory.isEmpty() || (tag != null && (tag.isEmpty() || tag.length() > 255))) {
        throw new IllegalArgumentException(
            "malformed layout name '" + Texts.shown(name) + "': expected oci:DIRECTORY[:TAG]");
      }
      return new Name(Path.of(directory), tag);
    }
  }

  private Path blob(Digest digest) {
    return directory.resolve("blobs").resolve(digest.algorithm()).resolve(digest.hex());
  }

  private ImageIndex readIndex() throws IOException {
    Path file = directory.resolve("index.json");
    return ImageIndex.parse(readBounded(file, Json.MAX_MANIFEST_BYTES), MediaTypes.OCI_INDEX);
  }

  private static byte[] readBounded(Path file, int maxBytes) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] content = in.readNBytes(maxBytes + 1);
      if (content.length > maxBytes) {
        throw new RegistryException(
            Kind.INVALID_RESPONSE, file + " is larger than " + maxBytes + " bytes");
      }
      return content;
    } catch (NoSuchFileException e) {
      throw new RegistryException(
          Kind.NOT_FOUND, file + " does not exist; is its directory an OCI image layout?", e);
    }
  }

  private VerifiedContent read(Descriptor descriptor, int maxBytes) throws IOException {
    Path file = blob(descriptor.digest());
    return VerifiedContent.check(descriptor, readBounded(file, maxBytes), file.toString());
  }

  /** Makes the directory a layout, if it is none yet. */
  private void create() throws IOException {
    Files.createDirectories(directory.resolve("blobs").resolve(Digest.SHA256));
    Path marker = directory.resolve("oci-layout");
    if (!Files.exists(marker)) {
      replace(marker, LAYOUT_FILE);
    }
  }

  private void writeBlob(Descriptor descriptor, ContentSource content) throws IOException {
    create();
    Path file = blob(descriptor.digest());
    if (Files.exists(file)) {
      return;
    }
    Files.createDirectories(file.resolveSibling(""));
    Path temporary = Files.createTempFile(directory, ".blob-", "");
    try {
      MessageDigest hash = descriptor.digest().hasher();
      long size = 0;
      try (InputStream in = content.open();
          OutputStream out = Files.newOutputStream(temporary)) {
        byte[] buffer = new byte[64 << 10];
        int count;
        while ((count = in.read(buffer)) >= 0 && size <= descriptor.sizeBytes()) {
          hash.update(buffer, 0, count);
          out.write(buffer, 0, count);
          size += count;
        }
      }
      if (size != descriptor.sizeBytes() || !descriptor.digest().matches(hash)) {
        throw new RegistryException(
            Kind.INVALID_RESPONSE,
            "cannot write blob "
                + descriptor.digest()
                + " to "
                + directory
                + ": the content does not have this digest and size");
      }
      publish(temporary, file);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  private void replace(Path file, byte[] content) throws IOException {
    Path temporary = Files.createTempFile(directory, ".new-", "");
    try {
      Files.write(temporary, content);
      publish(temporary, file);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  private static void publish(Path temporary, Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
    Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rw-r--r--"));
    try {
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (AtomicMoveNotSupportedException e) {
      throw new IOException("cannot write " + file + ": its file system cannot rename", e);
    }
  }

  /** Makes the tag name this content, and no other; without a tag it is only added. */
  private void setTop(Descriptor descriptor, @Nullable String tag) throws IOException {
    create();
    Descriptor entry = descriptor;
    if (tag != null) {
      Map<String, String> annotations = new LinkedHashMap<>(descriptor.annotations());
      annotations.put(REF_NAME, tag);
      entry = descriptor.withAnnotations(annotations);
    }
    INDEX_LOCK.lock();
    try (FileChannel channel =
            FileChannel.open(
                directory.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock held = channel.lock()) {
      Path file = directory.resolve("index.json");
      List<Descriptor> manifests = new ArrayList<>();
      Map<String, String> annotations = Map.of();
      if (held.isValid() && Files.exists(file)) {
        ImageIndex old = readIndex();
        annotations = old.annotations();
        for (Descriptor manifest : old.manifests()) {
          String name = manifest.annotations().get(REF_NAME);
          boolean replaced =
              tag == null ? manifest.digest().equals(descriptor.digest()) : tag.equals(name);
          if (!replaced) {
            manifests.add(manifest);
          }
        }
      }
      manifests.add(entry);
      replace(file, new ImageIndex(MediaTypes.OCI_INDEX, manifests, annotations).toJson());
    } finally {
      INDEX_LOCK.unlock();
    }
  }

  /** An image of a layout, to be read. */
  static final class Source implements ImageSource {
    private final OciLayout layout;
    private final @Nullable String tag;
    private final String name;

    private Source(OciLayout layout, @Nullable String tag, String name) {
      this.layout = layout;
      this.tag = tag;
      this.name = name;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public VerifiedContent top() throws IOException {
      List<Descriptor> manifests = layout.readIndex().manifests();
      if (tag == null && manifests.size() == 1) {
        return manifest(manifests.getFirst());
      }
      List<String> tags = new ArrayList<>();
      for (Descriptor manifest : manifests) {
        String named = manifest.annotations().getOrDefault(REF_NAME, "");
        if (named.equals(tag)) {
          return manifest(manifest);
        }
        tags.add(named);
      }
      throw new RegistryException(
          Kind.NOT_FOUND,
          "cannot read "
              + name
              + ": "
              + (tag == null ? "it has not exactly one image, name a tag" : "it has no such tag")
              + "; it has: "
              + Texts.shown(String.join(", ", tags)));
    }

    @Override
    public VerifiedContent manifest(Descriptor descriptor) throws IOException {
      return layout.read(descriptor, Json.MAX_MANIFEST_BYTES);
    }

    @Override
    public VerifiedContent fetch(Descriptor descriptor, int maxBytes) throws IOException {
      return layout.read(descriptor, maxBytes);
    }

    @Override
    public RemoteBlob blob(Descriptor descriptor) {
      return new FileBlob(
          layout.blob(descriptor.digest()), descriptor.digest(), descriptor.sizeBytes());
    }
  }

  /** An image of a layout, to be written. */
  static final class Target implements ImageTarget {
    private final OciLayout layout;
    private final @Nullable String tag;
    private final String name;

    private Target(OciLayout layout, @Nullable String tag, String name) {
      this.layout = layout;
      this.tag = tag;
      this.name = name;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public boolean hasBlob(Descriptor descriptor) {
      return Files.isRegularFile(layout.blob(descriptor.digest()));
    }

    @Override
    public void writeBlob(Descriptor descriptor, ContentSource content) throws IOException {
      layout.writeBlob(descriptor, content);
    }

    @Override
    public void copyBlob(Descriptor descriptor, ImageSource from) throws IOException {
      writeBlob(descriptor, ContentSource.of(from.blob(descriptor)));
    }

    @Override
    public void writeManifest(VerifiedContent manifest) throws IOException {
      byte[] bytes = manifest.bytes();
      layout.writeBlob(manifest.descriptor(), () -> new ByteArrayInputStream(bytes));
    }

    @Override
    public void writeTop(VerifiedContent manifest) throws IOException {
      writeManifest(manifest);
      layout.setTop(manifest.descriptor(), tag);
    }
  }
}

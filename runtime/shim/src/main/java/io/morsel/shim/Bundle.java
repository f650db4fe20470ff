package io.morsel.shim;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The directory that a shim works in, laid out as containerd does: {@code config.json}, {@code
 * rootfs/}, the link {@code work}, and what is needed to find the shim again.
 *
 * @param namespace containerd's namespace
 * @param id the container; also the directory's name, on which the shim's {@code delete} relies
 * @param path {@code STATE/NAMESPACE/ID}, absolute
 */
public record Bundle(String namespace, String id, Path path) {
  private static final String BINARY_FILE = "shim-binary-path";
  private static final String BOOTSTRAP_FILE = "bootstrap.json";
  private static final String ADDRESS_FILE = "address";

  /** Where bundles lie, as a client's {@code Create} names it. */
  public static final String RUNTIME_DIRECTORY = "io.containerd.runtime.v2.task";

  private static final int MAX_FILE_BYTES = 64 << 10;

  /** The bundle of a container; whether it exists is not looked at. */
  public static Bundle of(Path state, String namespace, String id) {
    return new Bundle(
        namespace, id, below(below(state.toAbsolutePath().normalize(), namespace), id));
  }

  private static Path below(Path directory, String name) {
    Path child = directory.resolve(name);
    if (name.isEmpty()
        || name.startsWith(".")
        || !directory.equals(child.normalize().getParent())) {
      throw new IllegalArgumentException("'" + name + "' names no directory below " + directory);
    }
    return child;
  }

  /**
   * Makes a new bundle.
   *
   * @param state the directory of bundles, such as {@code
   *     /run/containerd/io.containerd.runtime.v2.task}
   * @param root the directory of what outlives a reboot, such as {@code
   *     /var/lib/containerd/io.containerd.runtime.v2.task}
   * @param spec the OCI specification, as JSON
   * @throws ShimException if the container has a bundle already, or it can't be made
   */
  public static Bundle create(Path state, Path root, String namespace, String id, byte[] spec)
      throws ShimException {
    Bundle bundle = of(state, namespace, id);
    Path work = of(root, namespace, id).path();
    try {
      createDirectories(bundle.directory(), "rwx--x--x");
      Files.createDirectory(bundle.path, mode("rwx------"));
    } catch (FileAlreadyExistsException e) {
      throw new ShimException("bundle " + bundle.path + " exists already", e);
    } catch (IOException e) {
      throw new ShimException("can't make bundle " + bundle.path + ": " + e.getMessage(), e);
    }
    try {
      Files.createDirectory(bundle.rootfs(), mode("rwx--x--x"));
      createDirectories(parent(work), "rwx--x--x");
      // What a container of the same name left before a reboot.
      removeTree(work);
      Files.createDirectory(work, mode("rwx--x--x"));
      Files.createSymbolicLink(bundle.workLink(), work);
      Files.write(bundle.specFile(), spec);
      UserNamespace.openTo(spec, bundle.path);
      return bundle;
    } catch (IOException e) {
      ShimException failure =
          new ShimException("can't make bundle " + bundle.path + ": " + e.getMessage(), e);
      try {
        bundle.remove();
      } catch (ShimException more) {
        failure.addSuppressed(more);
      }
      throw failure;
    }
  }

  /**
   * The bundles that exist below {@code state}, whatever is in them. Hidden directories, which are
   * being removed, are passed over.
   */
  public static List<Bundle> list(Path state) throws ShimException {
    try {
      return children(state).stream()
          .flatMap(
              namespace ->
                  children(namespace).stream()
                      .map(
                          path ->
                              of(
                                  state,
                                  String.valueOf(namespace.getFileName()),
                                  String.valueOf(path.getFileName()))))
          .toList();
    } catch (UncheckedIOException e) {
      throw new ShimException("can't list bundles in " + state + ": " + e.getMessage(), e);
    }
  }

  /**
   * Removes the bundles below {@code state} whose removal was begun by a process that was killed.
   */
  public static void finishRemovals(Path state) throws ShimException {
    try {
      for (Path namespace : children(state)) {
        try (Stream<Path> all = Files.list(namespace)) {
          for (Path hidden : all.filter(Bundle::isHidden).toList()) {
            deleteAll(hidden);
          }
        }
      }
    } catch (IOException | UncheckedIOException e) {
      throw new ShimException(
          "can't remove what is left of bundles in " + state + ": " + e.getMessage(), e);
    }
  }

  private static boolean isHidden(Path path) {
    return String.valueOf(path.getFileName()).startsWith(".");
  }

  private static List<Path> children(Path directory) {
    try (Stream<Path> children = Files.list(directory)) {
      return children
          .filter(child -> !isHidden(child))
          .filter(child -> Files.isDirectory(child, LinkOption.NOFOLLOW_LINKS))
          .sorted()
          .toList();
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Where the container's root filesystem is mounted. */
  public Path rootfs() {
    return path.resolve("rootfs");
  }

  /** The FIFO that the shim writes its log to. */
  Path log() {
    return path.resolve("log");
  }

  private Path specFile() {
    return path.resolve("config.json");
  }

  /** The OCI specification, as JSON. */
  byte[] spec() throws ShimException {
    try {
      return Files.readAllBytes(specFile());
    } catch (IOException e) {
      throw new ShimException("can't read " + specFile() + ": " + e.getMessage(), e);
    }
  }

  private Path workLink() {
    return path.resolve("work");
  }

  private Path directory() {
    return parent(path);
  }

  private static Path parent(Path path) {
    Path parent = path.getParent();
    return parent == null ? path : parent;
  }

  /** Remembers how to reach the shim, for {@link #bootstrap}. */
  void rememberAddress(ShimAddress address) throws ShimException {
    try {
      replace(BOOTSTRAP_FILE, address.toJson());
    } catch (IOException e) {
      throw new ShimException("can't write to bundle " + path + ": " + e.getMessage(), e);
    }
  }

  /** Remembers which program serves the bundle, before it is known how to reach it. */
  void rememberBinary(Path binary) throws ShimException {
    try {
      replace(BINARY_FILE, binary.toString());
    } catch (IOException e) {
      throw new ShimException("can't write to bundle " + path + ": " + e.getMessage(), e);
    }
  }

  /** The program that was started for the bundle, or null where none is remembered. */
  public @Nullable Path binary() throws ShimException {
    String text = read(BINARY_FILE);
    return text == null || text.isEmpty() ? null : Path.of(text);
  }

  /** Whether the bundle says how to reach its shim. */
  boolean hasAddress() throws ShimException {
    return address() != null;
  }

  /** How to reach the bundle's shim, as whichever containerd started it has written down. */
  ShimAddress bootstrap() throws ShimException {
    String address = address();
    if (address == null) {
      throw new ShimException("bundle " + path + " does not say how to reach its shim");
    }
    return ShimAddress.parse(address);
  }

  private @Nullable String address() throws ShimException {
    for (String file : List.of(BOOTSTRAP_FILE, ADDRESS_FILE)) {
      String text = read(file);
      if (text != null && !text.isBlank()) {
        return text;
      }
    }
    return null;
  }

  private void replace(String name, String content) throws IOException {
    Path temporary = path.resolve("." + name);
    try (FileChannel file =
        FileChannel.open(
            temporary,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      ByteBuffer bytes = StandardCharsets.UTF_8.encode(content);
      while (bytes.hasRemaining()) {
        file.write(bytes);
      }
    }
    Files.move(temporary, path.resolve(name), StandardCopyOption.ATOMIC_MOVE);
  }

  private @Nullable String read(String name) throws ShimException {
    Path file = path.resolve(name);
    try {
      if (Files.size(file) > MAX_FILE_BYTES) {
        throw new ShimException(file + " is longer than " + MAX_FILE_BYTES + " bytes");
      }
      return Files.readString(file);
    } catch (NoSuchFileException e) {
      return null;
    } catch (IOException e) {
      throw new ShimException("can't read " + file + ": " + e.getMessage(), e);
    }
  }

  /**
   * Unmounts the root filesystem and removes the bundle with its working directory, each in one
   * step for those who {@link #list} them. Does nothing where there is no bundle.
   *
   * @throws ShimException if something is mounted there that can't be unmounted, or if files were
   *     written to the root filesystem's mount point itself
   */
  public void remove() throws ShimException {
    try {
      Path work = null;
      if (Files.isSymbolicLink(workLink())) {
        work = Files.readSymbolicLink(workLink());
      }
      if (Files.exists(path)) {
        // The kernel lists mounts by their real paths.
        Mounts.unmountBelow(path.toRealPath());
        // Not with what is in it: should something still be mounted there, this fails.
        Files.deleteIfExists(rootfs());
      }
      // First: one without a bundle is left by a machine that was restarted, and by nothing else.
      if (work != null && work.endsWith(Path.of(namespace, id))) {
        removeTree(work);
      }
      removeTree(path);
    } catch (IOException e) {
      throw new ShimException("can't remove bundle " + path + ": " + e.getMessage(), e);
    }
  }

  /** Removes a directory that nothing is mounted in; it is hidden first. */
  private static void removeTree(Path directory) throws IOException {
    Path hidden = directory.resolveSibling("." + directory.getFileName());
    deleteAll(hidden);
    try {
      Files.move(directory, hidden, StandardCopyOption.ATOMIC_MOVE);
    } catch (NoSuchFileException e) {
      return;
    }
    deleteAll(hidden);
  }

  private static void deleteAll(Path directory) throws IOException {
    if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    List<Path> deepestFirst;
    try (Stream<Path> all = Files.walk(directory)) {
      deepestFirst = all.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path each : deepestFirst) {
      Files.deleteIfExists(each);
    }
  }

  private static void createDirectories(Path directory, String permissions) throws IOException {
    Files.createDirectories(directory, mode(permissions));
  }

  private static FileAttribute<?> mode(String permissions) {
    return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions));
  }
}

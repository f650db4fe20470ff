package io.morsel.runtime.content;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.Filter;
import io.morsel.containerd.api.content.Info;
import io.morsel.runtime.lease.Holds;
import io.morsel.runtime.store.LabelSets;
import io.morsel.runtime.store.MessageTable;
import io.morsel.runtime.store.MetadataStore;
import io.morsel.runtime.store.Scope;
import io.morsel.runtime.store.Times;
import io.morsel.runtime.store.Transaction;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * Blobs and ingests as namespaces see them, with the semantics of containerd's metadata store: each
 * namespace has its own labels and its own list, and all share the bytes. Whether a namespace that
 * offers the digest of a blob that another one has need not write it again, the {@link
 * SharingPolicy} says. Safe for use by many threads.
 */
public final class ContentStore {
  /** How long an ingest that no lease holds is kept. */
  private static final Duration INGEST_TIME = Duration.ofHours(24);

  private final MetadataStore store;
  private final BlobDirectory blobs;
  private final IngestDirectory ingests;
  private final SharingPolicy sharing;
  private final RefLocks refs;
  private final Clock clock;

  /** Shared by all who change something, exclusive for who deletes files. */
  private final ReadWriteLock collecting = new ReentrantReadWriteLock();

  private ContentStore(
      MetadataStore store,
      BlobDirectory blobs,
      IngestDirectory ingests,
      SharingPolicy sharing,
      Clock clock) {
    this.store = store;
    this.blobs = blobs;
    this.ingests = ingests;
    this.sharing = sharing;
    this.refs = new RefLocks(clock);
    this.clock = clock;
  }

  /**
   * Content below {@code root}, with its metadata in {@code store}. Forgets ingests whose files are
   * gone, which a killed process leaves behind.
   */
  public static ContentStore open(
      MetadataStore store, Path root, SharingPolicy sharing, Clock clock)
      throws IOException, ContainerdException {
    ContentStore content =
        new ContentStore(
            store, new BlobDirectory(root), new IngestDirectory(root, clock), sharing, clock);
    content.forgetLostIngests();
    return content;
  }

  private void forgetLostIngests() throws ContainerdException {
    store.write(
        transaction -> {
          for (Ingest ingest : allIngests(transaction)) {
            if (ingest.expected().isEmpty() && ingests.status(ingest.backendRef()).isEmpty()) {
              deleteIngest(transaction, ingest.namespace(), ingest.ref());
            }
          }
          return true;
        });
  }

  /** What is known of a blob. */
  public Info info(String namespace, String digest) throws ContainerdException {
    return store.read(transaction -> find(transaction, namespace, digest));
  }

  private static Info find(Transaction transaction, String namespace, String digest)
      throws ContainerdException, SQLException, IOException {
    return MessageTable.CONTENT
        .get(transaction, namespace, digest)
        .orElseThrow(
            () -> new ContainerdException(ErrorClass.NOT_FOUND, "content digest " + digest));
  }

  /** Changes a blob's labels. */
  public Info update(String namespace, Info info, List<String> paths) throws ContainerdException {
    String digest = info.getDigest();
    return store.write(
        transaction -> {
          Info current = find(transaction, namespace, digest);
          Map<String, String> labels =
              LabelSets.updated(
                  current.getLabelsMap(),
                  info.getLabelsMap(),
                  paths,
                  "content info \"" + digest + "\"");
          LabelSets.validate("info.Labels", labels);
          Info updated =
              current.toBuilder()
                  .clearLabels()
                  .putAllLabels(LabelSets.kept(labels))
                  .setUpdatedAt(Times.now(clock))
                  .build();
          MessageTable.CONTENT.replace(transaction, namespace, digest, updated);
          return updated;
        });
  }

  /** All blobs of which one of the filters holds, in the order of their digests. */
  public List<Info> list(String namespace, List<String> filters) throws ContainerdException {
    Filter filter = Filter.parse(filters);
    return store.read(
        transaction ->
            MessageTable.CONTENT.list(transaction, namespace).stream()
                .filter(info -> filter.matches(path -> field(info, path)))
                .toList());
  }

  private static @Nullable String field(Info info, List<String> path) {
    return switch (path.getFirst()) {
      case "digest" -> info.getDigest();
      case "labels" -> LabelSets.field(path, info.getLabelsMap());
      default -> null;
    };
  }

  /** The size of all blobs of all namespaces together, each counted once. */
  public long totalBytes() throws ContainerdException {
    return store.read(
        transaction -> {
          Set<String> counted = new HashSet<>();
          long bytes = 0;
          for (MessageTable.Entry<Info> blob : MessageTable.CONTENT.all(transaction)) {
            bytes += counted.add(blob.id()) ? blob.value().getSize() : 0;
          }
          return bytes;
        });
  }

  /** Deletes a blob from a namespace; its bytes go when no namespace has it. */
  public void delete(Scope scope, String digest) throws ContainerdException {
    store.write(
        transaction -> {
          if (!MessageTable.CONTENT.delete(transaction, scope.namespace(), digest)) {
            throw new ContainerdException(ErrorClass.NOT_FOUND, "content digest " + digest);
          }
          Holds.remove(transaction, scope, Holds.CONTENT, digest);
          transaction.garbage().deletion();
          transaction.garbage().content();
          return true;
        });
  }

  /** Opens a blob that the namespace has. */
  public FileChannel open(String namespace, String digest) throws ContainerdException {
    var _ = info(namespace, digest);
    try {
      return blobs.open(digest);
    } catch (IOException e) {
      throw new ContainerdException(
          ErrorClass.NOT_FOUND, "blob " + digest + " can't be opened: " + e, e);
    }
  }

  /** How far an ingest has come. */
  IngestStatus status(String namespace, String ref) throws ContainerdException {
    return store.read(
        transaction -> {
          Ingest ingest = findIngest(transaction, namespace, ref).orElseThrow(() -> noRef(ref));
          return ingests.status(ingest.backendRef()).orElseThrow(() -> noRef(ref)).withRef(ref);
        });
  }

  /** How far all ingests have come of which one of the filters holds. */
  List<IngestStatus> statuses(String namespace, List<String> filters) throws ContainerdException {
    Filter filter = Filter.parse(filters);
    return store.read(
        transaction -> {
          List<IngestStatus> found = new ArrayList<>();
          for (Ingest ingest : allIngests(transaction)) {
            if (ingest.namespace().equals(namespace)) {
              ingests
                  .status(ingest.backendRef())
                  .map(status -> status.withRef(ingest.ref()))
                  .filter(
                      status ->
                          filter.matches(
                              path -> path.getFirst().equals("ref") ? status.ref() : null))
                  .ifPresent(found::add);
            }
          }
          return found;
        });
  }

  /** Gives up an ingest. */
  public void abort(Scope scope, String ref) throws ContainerdException {
    collecting.readLock().lock();
    try {
      Ingest gone =
          store.write(
              transaction -> {
                Ingest ingest =
                    findIngest(transaction, scope.namespace(), ref).orElseThrow(() -> noRef(ref));
                deleteIngest(transaction, scope.namespace(), ref);
                Holds.remove(transaction, scope, Holds.INGESTS, ref);
                return ingest;
              });
      ingests.abort(gone.backendRef());
    } catch (IOException e) {
      throw failure("can't delete ingest " + ref, e);
    } finally {
      collecting.readLock().unlock();
    }
  }

  /**
   * Opens a write, which goes on where an earlier one of the same reference stopped.
   *
   * @param totalBytes how many bytes it will have; 0 where unknown
   * @param expected the digest it will have; empty where unknown
   * @throws ContainerdException of class ALREADY_EXISTS where the namespace has that blob; of class
   *     UNAVAILABLE while another writer has the reference
   */
  public ContentWriter writer(Scope scope, String ref, long totalBytes, String expected)
      throws ContainerdException {
    String lock = scope.namespace() + "/" + ref;
    refs.lock(lock);
    boolean opened = false;
    collecting.readLock().lock();
    try {
      Beginning beginning =
          store.write(transaction -> begin(transaction, scope, ref, totalBytes, expected));
      if (beginning.exists()) {
        throw new ContainerdException(ErrorClass.ALREADY_EXISTS, "content " + expected);
      }
      ContentWriter writer =
          new ContentWriter(
              this, scope, ref, beginning.backendRef(), () -> refs.unlock(lock), clock.instant());
      if (beginning.sharedBytes().isPresent()) {
        writer.share(expected, beginning.sharedBytes().getAsLong());
      } else {
        writer.write(ingests.open(beginning.backendRef(), totalBytes));
      }
      opened = true;
      return writer;
    } catch (IOException e) {
      throw failure("can't open ingest " + ref, e);
    } finally {
      collecting.readLock().unlock();
      if (!opened) {
        refs.unlock(lock);
      }
    }
  }

  /**
   * How a write begins: with a blob that is there, with one of another namespace, or with nothing.
   */
  private record Beginning(boolean exists, String backendRef, OptionalLong sharedBytes) {}

  private Beginning begin(
      Transaction transaction, Scope scope, String ref, long totalBytes, String expected)
      throws ContainerdException, SQLException, IOException {
    OptionalLong shared = OptionalLong.empty();
    if (!expected.isEmpty()) {
      if (MessageTable.CONTENT.get(transaction, scope.namespace(), expected).isPresent()) {
        Holds.add(transaction, scope, Holds.CONTENT, expected);
        return new Beginning(true, "", shared);
      }
      if (sharing == SharingPolicy.SHARED) {
        shared = blobs.size(expected);
      }
      if (shared.isPresent() && totalBytes != 0 && totalBytes != shared.getAsLong()) {
        shared = OptionalLong.empty();
      }
    }
    transaction.ensureNamespace(scope.namespace());
    transaction.update(
        "INSERT OR IGNORE INTO ingest (namespace, ref, backend_ref) VALUES (?, ?, ?)",
        scope.namespace(),
        ref,
        scope.namespace() + "/1/" + ref);
    if (!Holds.add(transaction, scope, Holds.INGESTS, ref)) {
      transaction.update(
          "UPDATE ingest SET expires_seconds = ? WHERE namespace = ? AND ref = ?",
          clock.instant().plus(INGEST_TIME).getEpochSecond(),
          scope.namespace(),
          ref);
    }
    if (shared.isPresent()) {
      transaction.update(
          "UPDATE ingest SET expected = ? WHERE namespace = ? AND ref = ?",
          expected,
          scope.namespace(),
          ref);
    }
    Ingest ingest = findIngest(transaction, scope.namespace(), ref).orElseThrow(() -> noRef(ref));
    return new Beginning(false, ingest.backendRef(), shared);
  }

  IngestWriter openIngest(String backendRef, long totalBytes) throws IOException {
    return ingests.open(backendRef, totalBytes);
  }

  BlobDirectory blobs() {
    return blobs;
  }

  /** What makes a blob's bytes be there. */
  @FunctionalInterface
  interface Bytes {
    /** The digest of the blob that is there when this returns. */
    String put() throws ContainerdException, IOException;
  }

  /** Makes a blob of the namespace out of an ingest whose bytes {@code bytes} puts in place. */
  void commit(Scope scope, String ref, long sizeBytes, Map<String, String> labels, Bytes bytes)
      throws ContainerdException {
    collecting.readLock().lock();
    try {
      String digest = bytes.put();
      boolean added =
          store.write(
              transaction -> {
                Info info =
                    Info.newBuilder()
                        .setDigest(digest)
                        .setSize(sizeBytes)
                        .setCreatedAt(Times.now(clock))
                        .setUpdatedAt(Times.now(clock))
                        .putAllLabels(LabelSets.kept(labels))
                        .build();
                boolean inserted =
                    MessageTable.CONTENT.insert(transaction, scope.namespace(), digest, info);
                deleteIngest(transaction, scope.namespace(), ref);
                Holds.remove(transaction, scope, Holds.INGESTS, ref);
                Holds.add(transaction, scope, Holds.CONTENT, digest);
                return inserted;
              });
      if (!added) {
        throw new ContainerdException(ErrorClass.ALREADY_EXISTS, "content " + digest);
      }
    } catch (IOException e) {
      throw failure("can't commit ingest " + ref, e);
    } finally {
      collecting.readLock().unlock();
    }
  }

  /** Deletes files of blobs and ingests that no namespace has. */
  public void collectGarbage() throws ContainerdException {
    collecting.writeLock().lock();
    try {
      Set<String> digests = new HashSet<>();
      Set<String> backendRefs = new HashSet<>();
      store.read(
          transaction -> {
            digests.addAll(
                transaction.list("SELECT DISTINCT id FROM content", rows -> rows.getString(1)));
            for (Ingest ingest : allIngests(transaction)) {
              digests.add(ingest.expected());
              backendRefs.add(ingest.backendRef());
            }
            return true;
          });
      for (String digest : blobs.list()) {
        if (!digests.contains(digest)) {
          blobs.delete(digest);
        }
      }
      ingests.abortAllBut(backendRefs);
    } catch (IOException e) {
      throw failure("can't delete unused content", e);
    } finally {
      collecting.writeLock().unlock();
    }
  }

  /**
   * An ingest's metadata.
   *
   * @param expected the digest of another namespace's blob, of which it has the bytes; or empty
   */
  private record Ingest(String namespace, String ref, String backendRef, String expected) {}

  private static final String INGEST_COLUMNS =
      "SELECT namespace, ref, backend_ref, coalesce(expected, '') FROM ingest ";

  private static final Transaction.Row<Ingest> INGEST_ROW =
      rows ->
          new Ingest(rows.getString(1), rows.getString(2), rows.getString(3), rows.getString(4));

  private static List<Ingest> allIngests(Transaction transaction) throws SQLException, IOException {
    return transaction.list(INGEST_COLUMNS + "ORDER BY namespace, ref", INGEST_ROW);
  }

  private static Optional<Ingest> findIngest(Transaction transaction, String namespace, String ref)
      throws SQLException, IOException {
    return transaction.first(
        INGEST_COLUMNS + "WHERE namespace = ? AND ref = ?", INGEST_ROW, namespace, ref);
  }

  private static void deleteIngest(Transaction transaction, String namespace, String ref)
      throws SQLException {
    transaction.update("DELETE FROM ingest WHERE namespace = ? AND ref = ?", namespace, ref);
  }

  private static ContainerdException noRef(String ref) {
    return new ContainerdException(ErrorClass.NOT_FOUND, "reference " + ref);
  }

  static ContainerdException failure(String what, IOException cause) {
    return new ContainerdException(ErrorClass.UNKNOWN, what + ": " + cause, cause);
  }
}

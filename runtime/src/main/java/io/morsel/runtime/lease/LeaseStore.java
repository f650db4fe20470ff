package io.morsel.runtime.lease;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.Filter;
import io.morsel.containerd.api.leases.Lease;
import io.morsel.containerd.api.leases.Resource;
import io.morsel.runtime.store.Digests;
import io.morsel.runtime.store.Filters;
import io.morsel.runtime.store.GoText;
import io.morsel.runtime.store.LabelSets;
import io.morsel.runtime.store.MessageTable;
import io.morsel.runtime.store.MetadataStore;
import io.morsel.runtime.store.Times;
import io.morsel.runtime.store.Transaction;
import java.io.IOException;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.time.Clock;
import java.time.temporal.ChronoField;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Leases and what they hold. Safe for use by many threads. */
public final class LeaseStore {
  private static final int RANDOM_BYTES = 3;

  private final MetadataStore store;
  private final Clock clock;
  private final SecureRandom random = new SecureRandom();

  /** Leases in {@code store}. */
  public LeaseStore(MetadataStore store, Clock clock) {
    this.store = store;
    this.clock = clock;
  }

  /**
   * Makes a lease.
   *
   * @param id empty for one that is made up
   */
  public Lease create(String namespace, String id, Map<String, String> labels)
      throws ContainerdException {
    Lease lease =
        Lease.newBuilder()
            .setId(id.isEmpty() ? randomId() : id)
            .setCreatedAt(Times.now(clock))
            .putAllLabels(LabelSets.kept(labels))
            .build();
    store.write(
        transaction -> {
          if (!MessageTable.LEASES.insert(transaction, namespace, lease.getId(), lease)) {
            throw new ContainerdException(
                ErrorClass.ALREADY_EXISTS, "lease " + GoText.quote(lease.getId()));
          }
          return true;
        });
    return lease;
  }

  private String randomId() {
    byte[] bytes = new byte[RANDOM_BYTES];
    random.nextBytes(bytes);
    return clock.instant().get(ChronoField.NANO_OF_SECOND)
        + "-"
        + Base64.getUrlEncoder().encodeToString(bytes);
  }

  /** Deletes a lease; what only it held is collected afterwards. */
  public void delete(String namespace, String id) throws ContainerdException {
    store.write(
        transaction -> {
          if (!MessageTable.LEASES.delete(transaction, namespace, id)) {
            throw notFound(id);
          }
          transaction.garbage().deletion();
          return true;
        });
  }

  /** All leases of which one of the filters holds. */
  public List<Lease> list(String namespace, List<String> filters) throws ContainerdException {
    Filter filter = Filters.parse(filters);
    return store.read(
        transaction ->
            MessageTable.LEASES.list(transaction, namespace).stream()
                .filter(lease -> filter.matches(path -> field(lease, path)))
                .toList());
  }

  private static @Nullable String field(Lease lease, List<String> path) {
    return switch (path.getFirst()) {
      case "id" -> lease.getId();
      case "labels" -> LabelSets.field(path, lease.getLabelsMap());
      default -> null;
    };
  }

  /** Has a lease hold something, whether or not it exists. */
  public void addResource(String namespace, String id, Resource resource)
      throws ContainerdException {
    store.write(
        transaction -> {
          require(transaction, namespace, id);
          validate(resource);
          Holds.put(transaction, namespace, id, resource.getType(), resource.getId());
          return true;
        });
  }

  /** Has a lease hold something no more. */
  public void deleteResource(String namespace, String id, Resource resource)
      throws ContainerdException {
    store.write(
        transaction -> {
          require(transaction, namespace, id);
          validate(resource);
          Holds.remove(transaction, namespace, id, resource.getType(), resource.getId());
          transaction.garbage().deletion();
          return true;
        });
  }

  /** What a lease holds: content, images, ingests, snapshots. */
  public List<Resource> resources(String namespace, String id) throws ContainerdException {
    return store.read(
        transaction -> {
          require(transaction, namespace, id);
          return transaction.list(
              "SELECT type, id FROM lease_resource WHERE namespace = ? AND lease = ?"
                  + " ORDER BY type, id",
              rows ->
                  Resource.newBuilder().setType(rows.getString(1)).setId(rows.getString(2)).build(),
              namespace,
              id);
        });
  }

  private static void require(Transaction transaction, String namespace, String id)
      throws ContainerdException, SQLException, IOException {
    if (!transaction.exists("SELECT 1 FROM lease WHERE namespace = ? AND id = ?", namespace, id)) {
      throw notFound(id);
    }
  }

  private static void validate(Resource resource) throws ContainerdException {
    String type = resource.getType();
    List<String> parts = List.of(type.split("/", -1));
    switch (parts.getFirst()) {
      case "content", "ingests", "images" -> {
        if (parts.size() != 1) {
          throw new ContainerdException(
              ErrorClass.INVALID_ARGUMENT, "invalid resource type " + type);
        }
        if (type.equals(Holds.CONTENT)) {
          String wrong = Digests.problem(resource.getId()).orElse("");
          if (!wrong.isEmpty()) {
            throw new ContainerdException(
                ErrorClass.INVALID_ARGUMENT,
                "invalid content resource id " + resource.getId() + ": " + wrong);
          }
        }
      }
      case "snapshots" -> {
        if (parts.size() != 2) {
          throw new ContainerdException(
              ErrorClass.INVALID_ARGUMENT, "invalid snapshot resource type " + type);
        }
      }
      default ->
          throw new ContainerdException(
              ErrorClass.NOT_IMPLEMENTED, "resource type " + type + " not supported yet");
    }
  }

  private static ContainerdException notFound(String id) {
    return new ContainerdException(ErrorClass.NOT_FOUND, "lease " + GoText.quote(id));
  }
}

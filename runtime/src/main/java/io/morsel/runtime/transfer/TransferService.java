package io.morsel.runtime.transfer;

import com.google.protobuf.Empty;
import io.grpc.Context;
import io.grpc.stub.StreamObserver;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.api.images.Image;
import io.morsel.containerd.api.transfer.TransferGrpc;
import io.morsel.containerd.api.transfer.TransferRequest;
import io.morsel.registry.ImageReference;
import io.morsel.registry.RegistryClient;
import io.morsel.runtime.grpc.Answers;
import io.morsel.runtime.grpc.CallScope;
import io.morsel.runtime.store.Scope;
import io.morsel.runtime.streaming.MessageStream;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code containerd.services.transfer.v1}: what is done follows from what source and destination
 * are. A call that is cancelled stops its transfer; what has come until then stays for the next
 * one, or goes with the lease.
 */
public final class TransferService extends TransferGrpc.TransferImplBase implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(TransferService.class);

  /** Should the core die, what a transfer without a lease has left is collected after so long. */
  private static final Duration LEASE_EXPIRY = Duration.ofHours(24);

  private final TransferParts parts;
  private final Set<Workers> running = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /** The service over these parts. */
  public TransferService(TransferParts parts) {
    this.parts = parts;
  }

  @Override
  public void transfer(TransferRequest request, StreamObserver<Empty> observer) {
    Answers.empty(observer, () -> transfer(CallScope.required(), request));
  }

  private void transfer(Scope scope, TransferRequest request) throws ContainerdException {
    String progress = request.getOptions().getProgressStream();
    try (Workers workers = new Workers();
        MessageStream stream =
            progress.isEmpty() ? null : parts.streams().get(scope.namespace(), progress)) {
      Context context = Context.current();
      Context.CancellationListener listener = _ -> workers.cancel();
      if (stream != null) {
        // Whoever waits for a client to take progress must not wait for ever.
        workers.onCancel(stream::close);
      }
      running.add(workers);
      context.addListener(listener, Runnable::run);
      try {
        if (closed) {
          throw new ContainerdException(ErrorClass.UNAVAILABLE, "the core stops");
        }
        transfer(scope, request, workers, stream);
      } finally {
        context.removeListener(listener);
        running.remove(workers);
      }
    }
  }

  private void transfer(
      Scope scope, TransferRequest request, Workers workers, @Nullable MessageStream stream)
      throws ContainerdException {
    Endpoint source = Endpoint.of(request.getSource());
    Endpoint destination = Endpoint.of(request.getDestination());
    ProgressReport progress = new ProgressReport(stream);
    switch (source) {
      case Endpoint.Registry from when destination instanceof Endpoint.Store to ->
          leased(scope, held -> pull(new Job(parts, held, workers, progress), from, to));
      case Endpoint.Store from when destination instanceof Endpoint.Registry to ->
          push(new Job(parts, scope, workers, progress), from, to);
      case Endpoint.Store from when destination instanceof Endpoint.Store to ->
          leased(scope, held -> tag(new Job(parts, held, workers, progress), from, to));
      case Endpoint.ImportStream from when destination instanceof Endpoint.Store to ->
          leased(scope, held -> importArchive(new Job(parts, held, workers, progress), from, to));
      case Endpoint.Store from when destination instanceof Endpoint.ExportStream to ->
          exportArchive(new Job(parts, scope, workers, progress), from, to);
      default ->
          throw new ContainerdException(
              ErrorClass.NOT_IMPLEMENTED,
              "unable to transfer from " + source.describe() + " to " + destination.describe());
    }
  }

  private void pull(Job job, Endpoint.Registry from, Endpoint.Store to) throws ContainerdException {
    ImageReference reference = Registries.reference(from.message());
    try (RegistryClient client = open(job, from)) {
      Pull.run(job, reference, client.source(reference), from.describe(), to.message());
    }
  }

  private void push(Job job, Endpoint.Store from, Endpoint.Registry to) throws ContainerdException {
    ImageReference reference = Registries.reference(to.message());
    try (RegistryClient client = open(job, to)) {
      Push.run(job, from.message(), client, reference, to.describe());
    }
  }

  private RegistryClient open(Job job, Endpoint.Registry registry) throws ContainerdException {
    return parts.registries().open(registry.message(), job.scope().namespace(), parts.streams());
  }

  private void tag(Job job, Endpoint.Store from, Endpoint.Store to) throws ContainerdException {
    Image image = parts.images().get(job.scope().namespace(), from.message().getName());
    for (String name : ImageNames.of(to.message(), image.getTarget().getDigest())) {
      var _ = job.names().put(name, image.getTarget(), to.message().getLabelsMap());
    }
  }

  private void importArchive(Job job, Endpoint.ImportStream from, Endpoint.Store to)
      throws ContainerdException {
    try (MessageStream stream = archive(job, from.message().getStream())) {
      ArchiveImport.run(job, new StreamInput(stream), to.message());
    }
  }

  private void exportArchive(Job job, Endpoint.Store from, Endpoint.ExportStream to)
      throws ContainerdException {
    try (MessageStream stream = archive(job, to.message().getStream())) {
      ArchiveExport.run(job, from.message(), to.message(), new StreamOutput(stream));
    }
  }

  private MessageStream archive(Job job, String id) throws ContainerdException {
    MessageStream stream = parts.streams().get(job.scope().namespace(), id);
    job.workers().onCancel(stream::close);
    return stream;
  }

  /** What a transfer does under a lease. */
  @FunctionalInterface
  private interface Leased {
    void run(Scope held) throws ContainerdException;
  }

  /** Under the lease of the call, or under one that ends with it. */
  private void leased(Scope scope, Leased work) throws ContainerdException {
    if (!scope.lease().isEmpty()) {
      work.run(scope);
      return;
    }
    String expires = Instant.now().plus(LEASE_EXPIRY).truncatedTo(ChronoUnit.SECONDS).toString();
    String lease =
        parts
            .leases()
            .create(scope.namespace(), "", Map.of("containerd.io/gc.expire", expires))
            .getId();
    try {
      work.run(new Scope(scope.namespace(), lease));
    } finally {
      try {
        parts.leases().delete(scope.namespace(), lease);
      } catch (ContainerdException e) {
        log.warn("can't delete lease {}, it will expire: {}", lease, e.getMessage());
      }
    }
  }

  /** Cancels all transfers, which may take long, and ends the streams of clients. */
  @Override
  public void close() {
    closed = true;
    List.copyOf(running).forEach(Workers::cancel);
    parts.streams().close();
  }
}

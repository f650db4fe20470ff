package io.morsel.integration;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import io.grpc.Channel;
import io.grpc.stub.StreamObserver;
import io.morsel.bench.host.Await;
import io.morsel.containerd.CallHeaders;
import io.morsel.containerd.UnixChannel;
import io.morsel.containerd.api.streaming.StreamInit;
import io.morsel.containerd.api.streaming.StreamingGrpc;
import io.morsel.containerd.api.transfer.TransferGrpc;
import io.morsel.containerd.api.transfer.TransferOptions;
import io.morsel.containerd.api.transfer.TransferRequest;
import io.morsel.containerd.api.transfertypes.AuthRequest;
import io.morsel.containerd.api.transfertypes.AuthResponse;
import io.morsel.containerd.api.transfertypes.Data;
import io.morsel.containerd.api.transfertypes.Progress;
import io.morsel.containerd.api.transfertypes.WindowUpdate;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A client of the services {@code transfer} and {@code streaming}, as a {@code ctr} of containerd
 * 2.x is one, which is not in Debian.
 */
final class TransferClient implements AutoCloseable {
  private final UnixChannel connection;
  private final Channel channel;

  TransferClient(Path socket, String namespace) {
    this.connection = UnixChannel.open(socket);
    this.channel = connection.channel(CallHeaders.namespace(namespace));
  }

  /** Messages as containerd's clients wrap them: the type's plain name is its URL. */
  static Any pack(Message message) {
    return Any.newBuilder()
        .setTypeUrl(message.getDescriptorForType().getFullName())
        .setValue(message.toByteString())
        .build();
  }

  /** The channel for other services. */
  Channel channel() {
    return channel;
  }

  /** The stub to transfer with. */
  TransferGrpc.TransferBlockingStub stub() {
    return TransferGrpc.newBlockingStub(channel);
  }

  /** Transfers, and tells nobody how far it has come. */
  void transfer(Message source, Message destination) {
    var _ = stub().transfer(request(source, destination).build());
  }

  /** A request without options. */
  static TransferRequest.Builder request(Message source, Message destination) {
    return TransferRequest.newBuilder().setSource(pack(source)).setDestination(pack(destination));
  }

  /** Transfers; every progress that was told, once the core has closed the stream. */
  List<Progress> transferWithProgress(Message source, Message destination) {
    List<Progress> told = new CopyOnWriteArrayList<>();
    try (Stream stream =
        open("progress", (message, _) -> told.add(parse(message, Progress::parseFrom)))) {
      var _ =
          stub()
              .transfer(
                  request(source, destination)
                      .setOptions(TransferOptions.newBuilder().setProgressStream(stream.id()))
                      .build());
      stream.awaitEnd();
    }
    return told;
  }

  /** Answers the core's questions for credentials on a stream of this name. */
  Stream answer(String id, Function<AuthRequest, AuthResponse> credentials) {
    return open(
        id,
        (message, out) ->
            out.onNext(pack(credentials.apply(parse(message, AuthRequest::parseFrom)))));
  }

  /** Receives bytes, for which there always is room. */
  Stream receive(String id, OutputStream out) {
    Stream stream =
        open(
            id,
            (message, answers) -> {
              Data data = parse(message, Data::parseFrom);
              try {
                data.getData().writeTo(out);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
              answers.onNext(
                  pack(WindowUpdate.newBuilder().setUpdate(data.getData().size()).build()));
            });
    stream.send(WindowUpdate.newBuilder().setUpdate(50_000).build());
    return stream;
  }

  /** Sends bytes, as many as the core has said that it has room for. */
  Stream send(String id, InputStream in) {
    AtomicBoolean ended = new AtomicBoolean();
    return open(
        id,
        (message, out) -> {
          if (ended.get()) {
            return; // Room for more than there is.
          }
          try {
            int room = parse(message, WindowUpdate::parseFrom).getUpdate();
            while (room > 0) {
              byte[] bytes = in.readNBytes(Math.min(room, 10_000));
              if (bytes.length == 0) {
                ended.set(true);
                out.onCompleted();
                return;
              }
              out.onNext(pack(Data.newBuilder().setData(ByteString.copyFrom(bytes)).build()));
              room -= bytes.length;
            }
          } catch (IOException e) {
            out.onError(e);
          }
        });
  }

  /** Parses what an envelope holds. */
  @FunctionalInterface
  interface Parsing<M> {
    M parse(ByteString bytes) throws InvalidProtocolBufferException;
  }

  static <M> M parse(Any message, Parsing<M> parsing) {
    try {
      return parsing.parse(message.getValue());
    } catch (InvalidProtocolBufferException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Opens a stream; once this returns, its name can be used. */
  Stream open(String id, BiConsumer<Any, StreamObserver<Any>> received) {
    Stream stream = new Stream(id, received);
    StreamObserver<Any> out = new Once(StreamingGrpc.newStub(channel).stream(stream));
    stream.out = out;
    out.onNext(pack(StreamInit.newBuilder().setId(id).build()));
    Await.until("stream " + id + " is open", Node.SOON, () -> stream.opened || stream.hasEnded());
    if (stream.failure != null) {
      throw new AssertionError(stream.failure);
    }
    return stream;
  }

  /** Of several who say that nothing more is sent, one is heard. */
  private static final class Once implements StreamObserver<Any> {
    private final StreamObserver<Any> out;
    private final AtomicBoolean said = new AtomicBoolean();

    Once(StreamObserver<Any> out) {
      this.out = out;
    }

    @Override
    public void onNext(Any message) {
      out.onNext(message);
    }

    @Override
    public void onError(Throwable cause) {
      out.onError(cause);
    }

    @Override
    public void onCompleted() {
      if (said.compareAndSet(false, true)) {
        out.onCompleted();
      }
    }
  }

  /** One open stream. */
  static final class Stream implements StreamObserver<Any>, AutoCloseable {
    private final String id;
    private final BiConsumer<Any, StreamObserver<Any>> received;
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile @Nullable StreamObserver<Any> out;
    private volatile boolean opened;
    private volatile @Nullable Throwable failure;

    private Stream(String id, BiConsumer<Any, StreamObserver<Any>> received) {
      this.id = id;
      this.received = received;
    }

    String id() {
      return id;
    }

    void send(Message message) {
      Objects.requireNonNull(out).onNext(pack(message));
    }

    boolean hasEnded() {
      return ended.getCount() == 0;
    }

    /** Waits until the core has closed the stream. */
    void awaitEnd() {
      try {
        if (!ended.await(Node.SOON.toSeconds(), TimeUnit.SECONDS)) {
          throw new AssertionError("stream " + id + " does not end");
        }
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }

    @Override
    public void onNext(Any message) {
      if (opened) {
        received.accept(message, Objects.requireNonNull(out));
      } else {
        opened = true;
      }
    }

    @Override
    public void onError(Throwable cause) {
      failure = cause;
      ended.countDown();
    }

    @Override
    public void onCompleted() {
      ended.countDown();
    }

    /** Says that nothing more is sent. */
    @Override
    public void close() {
      if (!hasEnded()) {
        Objects.requireNonNull(out).onCompleted();
      }
    }
  }

  @Override
  public void close() {
    connection.close();
  }
}

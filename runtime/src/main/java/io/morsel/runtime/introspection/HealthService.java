package io.morsel.runtime.introspection;

import com.google.protobuf.CodedInputStream;
import io.grpc.BindableService;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.morsel.runtime.grpc.Answers;
import io.morsel.runtime.store.GoText;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/**
 * {@code grpc.health.v1}, by which containerd's clients and service managers ask whether a daemon
 * serves ({@code client.IsServing} of its Go client). Only {@code Check}: who would {@code Watch}
 * sees the connection end.
 *
 * <p>Its two messages have one field each, and are read and written by hand.
 */
public final class HealthService implements BindableService {
  private static final String NAME = "grpc.health.v1.Health";

  /** A {@code HealthCheckRequest} says which service: the tag of its field 1, a string. */
  private static final int SERVICE_TAG = 0x0a;

  /** A {@code HealthCheckResponse} whose field 1 is {@code SERVING}. */
  private static final byte[] SERVING = {0x08, 0x01};

  private static final MethodDescriptor<String, byte[]> CHECK =
      MethodDescriptor.<String, byte[]>newBuilder()
          .setType(MethodDescriptor.MethodType.UNARY)
          .setFullMethodName(MethodDescriptor.generateFullMethodName(NAME, "Check"))
          .setRequestMarshaller(new Requests())
          .setResponseMarshaller(new Responses())
          .build();

  /** The service of a core that serves from when it can be asked until it stops. */
  public HealthService() {}

  @Override
  public ServerServiceDefinition bindService() {
    return ServerServiceDefinition.builder(NAME)
        .addMethod(CHECK, ServerCalls.asyncUnaryCall(HealthService::check))
        .build();
  }

  private static void check(String service, StreamObserver<byte[]> observer) {
    Answers.unary(
        observer,
        () -> {
          if (!service.isEmpty()) {
            // As containerd, which registers the whole server and none of its services.
            throw Answers.status(Status.Code.NOT_FOUND, "unknown service " + GoText.quote(service));
          }
          return SERVING;
        });
  }

  private static final class Requests implements MethodDescriptor.Marshaller<String> {
    @Override
    public InputStream stream(String service) {
      throw new UnsupportedOperationException("only clients send requests");
    }

    @Override
    public String parse(InputStream stream) {
      try {
        CodedInputStream fields = CodedInputStream.newInstance(stream);
        String service = "";
        for (int tag = fields.readTag(); tag != 0; tag = fields.readTag()) {
          if (tag == SERVICE_TAG) {
            service = fields.readStringRequireUtf8();
          } else {
            var _ = fields.skipField(tag);
          }
        }
        return service;
      } catch (IOException malformed) {
        throw Status.INVALID_ARGUMENT
            .withDescription("malformed HealthCheckRequest: " + malformed.getMessage())
            .withCause(malformed)
            .asRuntimeException();
      }
    }
  }

  private static final class Responses implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] response) {
      return new ByteArrayInputStream(response);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}

package io.morsel.containerd;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;

/** The headers by which a client tells containerd in which namespace and under which lease. */
public final class CallHeaders {
  /** Names the namespace that a call works in; containerd refuses most calls without it. */
  public static final Metadata.Key<String> NAMESPACE =
      Metadata.Key.of("containerd-namespace", Metadata.ASCII_STRING_MARSHALLER);

  /** Names the lease that what a call creates belongs to. */
  public static final Metadata.Key<String> LEASE =
      Metadata.Key.of("containerd-lease", Metadata.ASCII_STRING_MARSHALLER);

  private CallHeaders() {}

  /** Puts every call into this namespace. */
  public static ClientInterceptor namespace(String namespace) {
    return with(NAMESPACE, namespace);
  }

  /** Puts every call under this lease. */
  public static ClientInterceptor lease(String leaseId) {
    return with(LEASE, leaseId);
  }

  private static ClientInterceptor with(Metadata.Key<String> key, String value) {
    return new ClientInterceptor() {
      @Override
      public <Q, A> ClientCall<Q, A> interceptCall(
          MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
        return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
          @Override
          public void start(Listener<A> listener, Metadata headers) {
            headers.put(key, value);
            super.start(listener, headers);
          }
        };
      }
    };
  }
}

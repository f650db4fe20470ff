package io.morsel.runtime.grpc;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.morsel.containerd.CallHeaders;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.runtime.store.Identifiers;
import io.morsel.runtime.store.Scope;
import java.util.Optional;

/** The namespace and the lease that a call's headers name. */
public final class CallScope {
  private static final Context.Key<Scope> SCOPE = Context.key("containerd-scope");

  private CallScope() {}

  /** Reads the headers of every call. */
  public static ServerInterceptor interceptor() {
    return new ServerInterceptor() {
      @Override
      public <Q, A> ServerCall.Listener<Q> interceptCall(
          ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        String namespace = headers.get(CallHeaders.NAMESPACE);
        String lease = headers.get(CallHeaders.LEASE);
        Scope scope = new Scope(namespace == null ? "" : namespace, lease == null ? "" : lease);
        return Contexts.interceptCall(
            Context.current().withValue(SCOPE, scope), call, headers, next);
      }
    };
  }

  /**
   * The scope of the call that this thread serves.
   *
   * @throws ContainerdException of class FAILED_PRECONDITION where the call names no namespace, of
   *     class INVALID_ARGUMENT where it names none that there can be
   */
  public static Scope required() throws ContainerdException {
    Scope scope = SCOPE.get();
    if (scope == null || scope.namespace().isEmpty()) {
      throw new ContainerdException(ErrorClass.FAILED_PRECONDITION, "namespace is required");
    }
    try {
      Identifiers.validate(scope.namespace());
    } catch (ContainerdException e) {
      throw e.during("namespace validation");
    }
    return scope;
  }

  /** The namespace of the call that this thread serves, if it names one. */
  public static Optional<String> namespace() {
    return Optional.ofNullable(SCOPE.get()).map(Scope::namespace).filter(name -> !name.isEmpty());
  }
}

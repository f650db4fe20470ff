package io.morsel.runtime.introspection;

import com.google.protobuf.Empty;
import io.grpc.stub.StreamObserver;
import io.morsel.containerd.api.version.VersionGrpc;
import io.morsel.containerd.api.version.VersionResponse;
import io.morsel.runtime.grpc.Answers;

/** {@code containerd.services.version.v1}. */
public final class VersionService extends VersionGrpc.VersionImplBase {
  private final VersionResponse version;

  /** The service of a core of this version, built from this commit. */
  public VersionService(String version, String revision) {
    this.version = VersionResponse.newBuilder().setVersion(version).setRevision(revision).build();
  }

  @Override
  public void version(Empty request, StreamObserver<VersionResponse> observer) {
    Answers.unary(observer, () -> version);
  }
}

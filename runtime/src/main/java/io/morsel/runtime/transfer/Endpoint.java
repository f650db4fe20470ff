package io.morsel.runtime.transfer;

import com.google.protobuf.Any;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.api.transfertypes.ImageExportStream;
import io.morsel.containerd.api.transfertypes.ImageImportStream;
import io.morsel.containerd.api.transfertypes.ImageStore;
import io.morsel.containerd.api.transfertypes.OCIRegistry;
import io.morsel.runtime.grpc.TypeUrls;

/** Where a transfer begins or ends, as far as the core knows of such places. */
sealed interface Endpoint {
  /** What the place is called in messages, in containerd's words. */
  String describe();

  /** An image in a registry. */
  record Registry(OCIRegistry message) implements Endpoint {
    @Override
    public String describe() {
      return "OCI Registry (" + message.getReference() + ")";
    }
  }

  /** An image of the core, or several. */
  record Store(ImageStore message) implements Endpoint {
    @Override
    public String describe() {
      return "Local Image Store (" + message.getName() + ")";
    }
  }

  /** An archive that the client sends. */
  record ImportStream(ImageImportStream message) implements Endpoint {
    @Override
    public String describe() {
      return "Image Import Stream";
    }
  }

  /** An archive that the client receives. */
  record ExportStream(ImageExportStream message) implements Endpoint {
    @Override
    public String describe() {
      return "Image Export Stream";
    }
  }

  /** Something else, which a newer client may know. */
  record Unknown(String describe) implements Endpoint {}

  /** Reads a request's source or destination. */
  static Endpoint of(Any message) throws ContainerdException {
    if (TypeUrls.is(message, OCIRegistry.getDefaultInstance())) {
      return new Registry(TypeUrls.unpack(message, OCIRegistry.parser()));
    }
    if (TypeUrls.is(message, ImageStore.getDefaultInstance())) {
      return new Store(TypeUrls.unpack(message, ImageStore.parser()));
    }
    if (TypeUrls.is(message, ImageImportStream.getDefaultInstance())) {
      return new ImportStream(TypeUrls.unpack(message, ImageImportStream.parser()));
    }
    if (TypeUrls.is(message, ImageExportStream.getDefaultInstance())) {
      return new ExportStream(TypeUrls.unpack(message, ImageExportStream.parser()));
    }
    return new Unknown(message.getTypeUrl());
  }
}

package io.morsel.registry;

import java.io.IOException;

/** An image in a registry, to be written. */
final class RegistryTarget implements ImageTarget {
  private final BlobUpload uploads;
  private final ImageReference reference;

  RegistryTarget(BlobUpload uploads, ImageReference reference) {
    this.uploads = uploads;
    this.reference = reference;
  }

  @Override
  public String name() {
    return reference.toString();
  }

  @Override
  public boolean hasBlob(Descriptor descriptor) throws IOException {
    return uploads.exists(reference, descriptor);
  }

  @Override
  public void writeBlob(Descriptor descriptor, ContentSource content) throws IOException {
    uploads.push(reference, descriptor, content, null);
  }

  @Override
  public void copyBlob(Descriptor descriptor, ImageSource from) throws IOException {
    ImageReference origin =
        from instanceof RegistrySource source
                && source.reference().registry().equals(reference.registry())
            ? source.reference()
            : null;
    uploads.push(reference, descriptor, ContentSource.of(from.blob(descriptor)), origin);
  }

  @Override
  public void writeManifest(VerifiedContent manifest) throws IOException {
    uploads.putManifest(reference, manifest.descriptor().digest().toString(), manifest);
  }

  @Override
  public void writeTop(VerifiedContent manifest) throws IOException {
    String tag = reference.tag();
    uploads.putManifest(
        reference, tag != null ? tag : manifest.descriptor().digest().toString(), manifest);
  }
}

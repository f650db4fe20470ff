package io.morsel.registry;

import java.io.IOException;

/** An image in a registry. */
final class RegistrySource implements ImageSource {
  private final RegistryClient client;
  private final ImageReference reference;

  RegistrySource(RegistryClient client, ImageReference reference) {
    this.client = client;
    this.reference = reference;
  }

  ImageReference reference() {
    return reference;
  }

  @Override
  public String name() {
    return reference.toString();
  }

  @Override
  public VerifiedContent top() throws IOException {
    return client.manifest(reference);
  }

  @Override
  public VerifiedContent manifest(Descriptor descriptor) throws IOException {
    return client.manifest(reference, descriptor);
  }

  @Override
  public VerifiedContent fetch(Descriptor descriptor, int maxBytes) throws IOException {
    return client.fetch(reference, descriptor, maxBytes);
  }

  @Override
  public RemoteBlob blob(Descriptor descriptor) {
    return client.blob(reference, descriptor);
  }
}

package io.morsel.runtime.transfer;

import io.morsel.runtime.store.Scope;

/**
 * One transfer while it runs.
 *
 * @param parts what of the core it works with
 * @param scope its namespace, and the lease that holds what it makes
 * @param workers its threads
 * @param progress who is told how far it has come
 */
record Job(TransferParts parts, Scope scope, Workers workers, ProgressReport progress) {
  Blobs blobs() {
    return new Blobs(parts.content(), scope);
  }

  ImageNames names() {
    return new ImageNames(parts.images(), parts.events(), scope.namespace());
  }
}

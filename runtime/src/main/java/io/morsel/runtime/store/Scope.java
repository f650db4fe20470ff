package io.morsel.runtime.store;

/**
 * Where a call works.
 *
 * @param namespace the namespace, a valid identifier
 * @param lease the lease that holds what the call creates; empty for none
 */
public record Scope(String namespace, String lease) {
  /** A namespace without a lease. */
  public static Scope of(String namespace) {
    return new Scope(namespace, "");
  }
}

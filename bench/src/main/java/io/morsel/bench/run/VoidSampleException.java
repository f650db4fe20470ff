package io.morsel.bench.run;

/** A run did not do what it claims: its figures don't count, and the message says why. */
final class VoidSampleException extends Exception {
  private static final long serialVersionUID = 1;

  VoidSampleException(String reason) {
    super(reason);
  }
}

package io.morsel.runtime.oci;

/** No specification can be made: the image lacks something, or an option does not fit it. */
public final class SpecException extends Exception {
  /** With what is wrong and what to do. */
  public SpecException(String message) {
    super(message);
  }
}

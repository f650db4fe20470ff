package io.morsel.runtime.store;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import java.util.regex.Pattern;

/** The names of namespaces, containers and parts of topics, as containerd permits them. */
public final class Identifiers {
  private static final int MAX_LENGTH = 76;

  private static final Pattern PATTERN =
      Pattern.compile("^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$");

  private Identifiers() {}

  /**
   * Checks one.
   *
   * @throws ContainerdException of class INVALID_ARGUMENT where it is not permitted
   */
  public static void validate(String identifier) throws ContainerdException {
    if (identifier.isEmpty()) {
      throw new ContainerdException(ErrorClass.INVALID_ARGUMENT, "identifier must not be empty");
    }
    if (identifier.length() > MAX_LENGTH) {
      throw new ContainerdException(
          ErrorClass.INVALID_ARGUMENT,
          "identifier "
              + GoText.quote(identifier)
              + " greater than maximum length ("
              + MAX_LENGTH
              + " characters)");
    }
    if (!PATTERN.matcher(identifier).matches()) {
      throw new ContainerdException(
          ErrorClass.INVALID_ARGUMENT,
          "identifier " + GoText.quote(identifier) + " must match " + PATTERN.pattern());
    }
  }
}

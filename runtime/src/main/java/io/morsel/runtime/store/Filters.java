package io.morsel.runtime.store;

import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;
import io.morsel.containerd.Filter;
import java.util.List;

/** The filters of lists that come out of the metadata. */
public final class Filters {
  private Filters() {}

  /**
   * Reads filters of which one must hold.
   *
   * @throws ContainerdException of class INVALID_ARGUMENT, whose words containerd puts at the end
   *     of the message twice
   */
  public static Filter parse(List<String> filters) throws ContainerdException {
    try {
      return Filter.parse(filters);
    } catch (ContainerdException e) {
      throw new ContainerdException(ErrorClass.INVALID_ARGUMENT, String.valueOf(e.getMessage()), e);
    }
  }
}

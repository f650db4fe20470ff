package io.morsel.cli.core;

import java.util.List;

/**
 * What to list and how to show it.
 *
 * @param filters what has to hold of those that are listed
 * @param quiet whether to print names only
 * @param whole whether to print what is long in full
 * @param json whether to print JSON
 */
public record ListRequest(List<KeyValue> filters, boolean quiet, boolean whole, boolean json) {
  /** Copies the filters. */
  public ListRequest {
    filters = List.copyOf(filters);
  }
}

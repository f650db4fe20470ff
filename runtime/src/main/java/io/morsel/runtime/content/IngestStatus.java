package io.morsel.runtime.content;

import java.time.Instant;

/**
 * How far a write has come.
 *
 * @param ref its reference
 * @param offsetBytes bytes written
 * @param totalBytes bytes expected; 0 where unknown
 * @param started when it began
 * @param updated when bytes came last
 */
record IngestStatus(
    String ref, long offsetBytes, long totalBytes, Instant started, Instant updated) {
  /** The same write by another reference. */
  IngestStatus withRef(String other) {
    return new IngestStatus(other, offsetBytes, totalBytes, started, updated);
  }
}

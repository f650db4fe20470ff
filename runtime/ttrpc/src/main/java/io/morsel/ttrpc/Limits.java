package io.morsel.ttrpc;

import java.time.Duration;

/**
 * What a server lets its clients use.
 *
 * @param connections how many may be open at a time; further ones wait to be accepted
 * @param callsPerConnection how many may be under way on one connection; further ones are answered
 *     with {@link StatusCode#RESOURCE_EXHAUSTED}
 * @param messageBytes the longest payload of a frame that is read, 4 MiB at most; longer ones are
 *     passed over and answered with {@link StatusCode#RESOURCE_EXHAUSTED}
 * @param streamPatience how long a connection waits for a handler that doesn't take the messages of
 *     its stream, before it fails that call
 */
public record Limits(
    int connections, int callsPerConnection, int messageBytes, Duration streamPatience) {
  /** 1,024 connections with 1,024 calls each, messages of 4 MiB, one second. */
  public static final Limits DEFAULT =
      new Limits(1024, 1024, Frame.MAX_PAYLOAD_BYTES, Duration.ofSeconds(1));

  /** Checks that every limit lets something through. */
  public Limits {
    if (connections < 1 || callsPerConnection < 1) {
      throw new IllegalArgumentException("connections and callsPerConnection must be positive");
    }
    if (messageBytes < 1 || messageBytes > Frame.MAX_PAYLOAD_BYTES) {
      throw new IllegalArgumentException(
          "messageBytes must lie between 1 and " + Frame.MAX_PAYLOAD_BYTES);
    }
  }
}

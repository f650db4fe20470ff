package io.morsel.bench.net;

/**
 * One request that passed a link, and its answer. Times are those of {@link System#nanoTime}, where
 * the link hands bytes over to the client.
 *
 * @param target what was asked for, as the request line has it; cut where it is very long
 * @param range the value of its Range header; empty without one
 * @param startNanos when the request's head had come
 * @param firstNanos when the answer's first byte was handed over; that of the start without one
 * @param endNanos when its last byte was
 * @param receivedBytes what the client got of the answer, headers included
 */
public record Exchange(
    String target,
    String range,
    long startNanos,
    long firstNanos,
    long endNanos,
    long receivedBytes) {}

package io.morsel.bench.result;

import java.util.Map;

/**
 * What a run was made on.
 *
 * @param cpu the processor's model
 * @param kernel the kernel's release
 * @param os the distribution
 * @param versions of the programs that took part, by name
 */
public record Machine(
    String cpu,
    int processors,
    long memoryBytes,
    String kernel,
    String os,
    Map<String, String> versions) {}

package io.morsel.bench.result;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

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
    Map<String, String> versions) {
  /** Copies the versions, in their order. */
  public Machine {
    Objects.requireNonNull(cpu, "cpu is null");
    Objects.requireNonNull(kernel, "kernel is null");
    Objects.requireNonNull(os, "os is null");
    versions = Collections.unmodifiableMap(new LinkedHashMap<>(versions));
  }
}

package io.morsel.bench.run;

import io.morsel.bench.host.ProcessUse;
import io.morsel.bench.net.Traffic;

/**
 * One start of a container, from nothing to its end.
 *
 * @param beginNanos the {@link System#nanoTime} at which the pull began
 * @param pullMillis until the client's pull command was done
 * @param createMillis from there until the container was made
 * @param startMillis from there until its first output
 * @param untilOutput what the registry had sent by the first output
 * @param inTotal what it had sent when the container had ended
 * @param cpuSeconds that the daemon used from the pull to the container's end
 * @param use of the daemon at the container's end
 * @param demandBytes compressed bytes that Morsel fetched because a reader waited for them; 0 in
 *     other modes
 */
record StartFigures(
    long beginNanos,
    double pullMillis,
    double createMillis,
    double startMillis,
    Traffic untilOutput,
    Traffic inTotal,
    double cpuSeconds,
    ProcessUse use,
    long demandBytes) {
  /** From the beginning of the pull until the first output. */
  double totalMillis() {
    return pullMillis + createMillis + startMillis;
  }
}

package io.morsel.bench.run;

import io.morsel.bench.image.Size;
import io.morsel.bench.net.Net;
import io.morsel.bench.node.Mode;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * What a run is asked to measure.
 *
 * @param checkout whose Morsel is measured
 * @param cache where images are kept from run to run
 * @param work where a run's own directory is made
 * @param nets between clients and registry, in the order in which they are measured
 * @param groups what to measure
 * @param modes the columns; a full pull is always the first
 * @param workloads names of the workloads of {@code cold}; empty for all
 * @param shares of the synthetic image that {@code total} reads, in percent
 * @param rounds how often each sample is taken, the columns by turns
 * @param starts how many containers {@code scale} starts at once, from the least to the most
 * @param mountedLayers how many layers {@code scale} mounts, from the least to the most
 * @param fleetNodes how many nodes {@code fleet} starts at once, from the least to the most
 * @param size of the images that are made up
 */
public record RunSettings(
    Path checkout,
    Path cache,
    Path work,
    List<Net> nets,
    Set<GroupName> groups,
    List<Mode> modes,
    Set<String> workloads,
    List<Integer> shares,
    int rounds,
    List<Integer> starts,
    List<Integer> mountedLayers,
    List<Integer> fleetNodes,
    Size size) {}

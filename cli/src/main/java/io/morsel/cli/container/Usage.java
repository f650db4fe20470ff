package io.morsel.cli.container;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import io.morsel.containerd.api.metrics.cgroup1.BlkIOEntry;
import io.morsel.containerd.api.metrics.cgroup2.IOEntry;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What a container uses, whatever version its cgroups have.
 *
 * @param cpuNanos how long its processes have used processors
 * @param memoryBytes what it has of memory, without what the kernel would give up first
 * @param memoryLimitBytes how much it may have; 0 where there is no limit
 * @param readBytes what it has read of block devices
 * @param writtenBytes what it has written to them
 * @param pids how many processes and threads it has
 */
record Usage(
    long cpuNanos,
    long memoryBytes,
    long memoryLimitBytes,
    long readBytes,
    long writtenBytes,
    long pids) {
  private static final String V1 = "io.containerd.cgroups.v1.Metrics";
  private static final String V2 = "io.containerd.cgroups.v2.Metrics";
  private static final Pattern SPACES = Pattern.compile("\\s+");

  // Words of a line of /proc/PID/net/dev.
  private static final int RECEIVED = 1;
  private static final int SENT = 9;

  /** Reads what a shim has measured; empty where it is in a form that is not known. */
  static Optional<Usage> of(Any metrics) throws InvalidProtocolBufferException {
    String type = metrics.getTypeUrl().substring(metrics.getTypeUrl().lastIndexOf('/') + 1);
    return switch (type) {
      case V1 ->
          Optional.of(
              of(io.morsel.containerd.api.metrics.cgroup1.Metrics.parseFrom(metrics.getValue())));
      case V2 ->
          Optional.of(
              of(io.morsel.containerd.api.metrics.cgroup2.Metrics.parseFrom(metrics.getValue())));
      default -> Optional.empty();
    };
  }

  private static Usage of(io.morsel.containerd.api.metrics.cgroup1.Metrics metrics) {
    var memory = metrics.getMemory();
    List<BlkIOEntry> blocks = metrics.getBlkio().getIoServiceBytesRecursiveList();
    return new Usage(
        metrics.getCpu().getUsage().getTotal(),
        Math.max(0, memory.getUsage().getUsage() - memory.getTotalInactiveFile()),
        limit(memory.getUsage().getLimit()),
        sum(blocks, "read"),
        sum(blocks, "write"),
        metrics.getPids().getCurrent());
  }

  private static Usage of(io.morsel.containerd.api.metrics.cgroup2.Metrics metrics) {
    var memory = metrics.getMemory();
    List<IOEntry> blocks = metrics.getIo().getUsageList();
    return new Usage(
        metrics.getCpu().getUsageUsec() * 1000,
        Math.max(0, memory.getUsage() - memory.getInactiveFile()),
        limit(memory.getUsageLimit()),
        blocks.stream().mapToLong(IOEntry::getRbytes).sum(),
        blocks.stream().mapToLong(IOEntry::getWbytes).sum(),
        metrics.getPids().getCurrent());
  }

  private static long sum(List<BlkIOEntry> entries, String operation) {
    return entries.stream()
        .filter(entry -> entry.getOp().toLowerCase(Locale.ROOT).equals(operation))
        .mapToLong(BlkIOEntry::getValue)
        .sum();
  }

  /** Both versions say "no limit" by a number that no machine has of memory. */
  private static long limit(long unsigned) {
    return unsigned < 0 || unsigned >= Long.MAX_VALUE - (1 << 20) ? 0 : unsigned;
  }

  /**
   * What has come and gone through a process's network interfaces, in bytes, loopback not counted;
   * nothing where the process has ended.
   *
   * @param receivedBytes what has come
   * @param sentBytes what has gone
   */
  record Network(long receivedBytes, long sentBytes) {
    static Network of(long pid) throws IOException {
      Path file = Path.of("/proc", Long.toString(pid), "net", "dev");
      long received = 0;
      long sent = 0;
      try {
        List<String> lines =
            new String(Files.readAllBytes(file), StandardCharsets.UTF_8).lines().toList();
        for (String line : lines) {
          String[] words = SPACES.split(line.strip(), -1);
          if (words[0].endsWith(":") && !words[0].equals("lo:") && words.length > SENT) {
            received += new BigInteger(words[RECEIVED]).longValue();
            sent += new BigInteger(words[SENT]).longValue();
          }
        }
      } catch (NoSuchFileException ended) {
        return new Network(0, 0);
      }
      return new Network(received, sent);
    }
  }
}

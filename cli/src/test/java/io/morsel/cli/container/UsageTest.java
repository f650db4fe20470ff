package io.morsel.cli.container;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.morsel.containerd.api.metrics.cgroup1.BlkIOEntry;
import io.morsel.containerd.api.metrics.cgroup2.IOEntry;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class UsageTest {
  private static Any any(Message message) {
    return Any.newBuilder()
        .setTypeUrl(message.getDescriptorForType().getFullName())
        .setValue(message.toByteString())
        .build();
  }

  @Test
  void bothVersionsSayTheSame() throws Exception {
    var one = io.morsel.containerd.api.metrics.cgroup1.Metrics.newBuilder();
    one.getCpuBuilder().getUsageBuilder().setTotal(5_000);
    one.getMemoryBuilder().setTotalInactiveFile(30).getUsageBuilder().setUsage(100).setLimit(1000);
    one.getPidsBuilder().setCurrent(3);
    one.getBlkioBuilder()
        .addIoServiceBytesRecursive(BlkIOEntry.newBuilder().setOp("Read").setValue(7))
        .addIoServiceBytesRecursive(BlkIOEntry.newBuilder().setOp("Total").setValue(16))
        .addIoServiceBytesRecursive(BlkIOEntry.newBuilder().setOp("Write").setValue(9));
    var two = io.morsel.containerd.api.metrics.cgroup2.Metrics.newBuilder();
    two.getCpuBuilder().setUsageUsec(5);
    two.getMemoryBuilder().setUsage(100).setInactiveFile(30).setUsageLimit(1000);
    two.getPidsBuilder().setCurrent(3);
    two.getIoBuilder().addUsage(IOEntry.newBuilder().setRbytes(7).setWbytes(9));
    Optional<Usage> expected = Optional.of(new Usage(5_000, 70, 1000, 7, 9, 3));
    assertThat(Usage.of(any(one.build()))).isEqualTo(expected);
    assertThat(Usage.of(any(two.build()))).isEqualTo(expected);
  }

  @Test
  void noLimitIsZero() throws Exception {
    var one = io.morsel.containerd.api.metrics.cgroup1.Metrics.newBuilder();
    one.getMemoryBuilder().getUsageBuilder().setLimit(0x7ffffffffffff000L);
    assertThat(Usage.of(any(one.build())).orElseThrow().memoryLimitBytes()).isZero();
    var two = io.morsel.containerd.api.metrics.cgroup2.Metrics.newBuilder();
    two.getMemoryBuilder().setUsageLimit(-1);
    assertThat(Usage.of(any(two.build())).orElseThrow().memoryLimitBytes()).isZero();
  }

  @Test
  void otherFormsAreNone() throws Exception {
    assertThat(Usage.of(Any.newBuilder().setTypeUrl("x").setValue(ByteString.EMPTY).build()))
        .isEmpty();
  }

  @Test
  void ownProcessIsSeen() throws Exception {
    ProcessHandle self = ProcessHandle.current();
    HostProcess process = HostProcess.read(self.pid()).orElseThrow();
    assertThat(process.pid()).isEqualTo(self.pid());
    assertThat(process.parentPid()).isEqualTo(self.parent().orElseThrow().pid());
    assertThat(process.residentBytes()).isGreaterThan(1 << 20);
    assertThat(process.command().getFirst()).endsWith("java");
    assertThat(HostProcess.read(0x7fff_ffffL)).isEmpty();
  }
}

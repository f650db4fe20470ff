package io.morsel.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.morsel.containerd.CallHeaders;
import io.morsel.containerd.UnixChannel;
import io.morsel.containerd.api.snapshots.CommitSnapshotRequest;
import io.morsel.containerd.api.snapshots.ListSnapshotsRequest;
import io.morsel.containerd.api.snapshots.PrepareSnapshotRequest;
import io.morsel.containerd.api.snapshots.RemoveSnapshotRequest;
import io.morsel.containerd.api.snapshots.SnapshotsGrpc;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Many calls at once: every one is answered as if it had been alone. */
class ConcurrencyIT {
  private static final int CALLS = 100;
  private static final int CONTENDERS = 4;

  /** Without it, containerd's garbage collector takes what no lease holds, at any moment. */
  private static final java.util.Map<String, String> KEPT =
      java.util.Map.of("containerd.io/gc.root", "test");

  @Test
  void preparesCommitsAndRemovesAtOnce() throws InterruptedException, ExecutionException {
    try (Node node = Node.start(Node.Options.DEFAULT.withWarmUp());
        UnixChannel socket = UnixChannel.open(node.containerdSocket());
        ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      SnapshotsGrpc.SnapshotsBlockingStub snapshots =
          SnapshotsGrpc.newBlockingStub(socket.channel(CallHeaders.namespace("default")));
      CountDownLatch go = new CountDownLatch(1);
      // The winner commits only then: a committed key is free again, and a late caller would get
      // it.
      CountDownLatch allTried = new CountDownLatch(CONTENDERS);
      List<Future<Boolean>> results = new ArrayList<>();
      for (int i = 0; i < CALLS; i++) {
        int number = i;
        results.add(
            callers.submit(
                () -> {
                  go.await();
                  // Some callers fight for one name; the others have names of their own.
                  String name = number < CONTENDERS ? "contested" : "own-" + number;
                  return lifeOf(snapshots, name, number, allTried);
                }));
      }
      go.countDown();
      int won = 0;
      for (int i = 0; i < CALLS; i++) {
        boolean result = results.get(i).get();
        if (i < CONTENDERS) {
          won += result ? 1 : 0;
        } else {
          assertThat(result).as("call " + i).isTrue();
        }
      }
      assertThat(won).as("callers that got the contested name").isEqualTo(1);
      List<String> left = new ArrayList<>();
      snapshots
          .list(ListSnapshotsRequest.newBuilder().setSnapshotter("morsel").build())
          .forEachRemaining(
              answer -> answer.getInfoList().forEach(info -> left.add(info.getName())));
      assertThat(left).containsExactly("contested-committed");
    }
  }

  private static boolean lifeOf(
      SnapshotsGrpc.SnapshotsBlockingStub snapshots,
      String name,
      int number,
      CountDownLatch allTried)
      throws InterruptedException {
    boolean contested = number < CONTENDERS;
    try {
      snapshots.prepare(
          PrepareSnapshotRequest.newBuilder()
              .setSnapshotter("morsel")
              .setKey(name)
              .putAllLabels(KEPT)
              .build());
    } catch (StatusRuntimeException e) {
      assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.ALREADY_EXISTS);
      return false;
    } finally {
      if (contested) {
        allTried.countDown();
      }
    }
    if (contested) {
      allTried.await();
    }
    snapshots.commit(
        CommitSnapshotRequest.newBuilder()
            .setSnapshotter("morsel")
            .setKey(name)
            .setName(name + "-committed")
            .putAllLabels(KEPT)
            .build());
    String child = "child-" + number;
    snapshots.prepare(
        PrepareSnapshotRequest.newBuilder()
            .setSnapshotter("morsel")
            .setKey(child)
            .setParent(name + "-committed")
            .putAllLabels(KEPT)
            .build());
    snapshots.remove(
        RemoveSnapshotRequest.newBuilder().setSnapshotter("morsel").setKey(child).build());
    if (!contested) {
      snapshots.remove(
          RemoveSnapshotRequest.newBuilder()
              .setSnapshotter("morsel")
              .setKey(name + "-committed")
              .build());
    }
    return true;
  }
}

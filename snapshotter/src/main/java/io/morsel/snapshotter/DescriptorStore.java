package io.morsel.snapshotter;

import io.morsel.fuse.DescriptorKeeper;
import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The service manager's store of descriptors: it keeps what it is sent with {@code FDSTORE=1}
 * (sd_notify(3)) when the daemon ends, and hands it to the next one (sd_listen_fds(3)). Safe for
 * use by many threads.
 */
public final class DescriptorStore implements DescriptorKeeper {
  /** Where there is none: nothing is kept, and nothing was. */
  public static final DescriptorStore NONE = new DescriptorStore(null, List.of());

  private static final Logger log = LoggerFactory.getLogger(DescriptorStore.class);

  /** The first descriptor that a manager passes. */
  private static final int FIRST = 3;

  /** More than any manager is told to keep. */
  private static final int MAX_PASSED = 1 << 20;

  private static final int F_SETFD = 2;
  private static final int FD_CLOEXEC = 1;

  /**
   * A descriptor that an earlier daemon left.
   *
   * @param descriptor its number in this process
   * @param name what it was stored as
   */
  record Left(int descriptor, String name) {}

  private final @Nullable NotifySocket socket;
  private final List<Left> left;
  private final AtomicBoolean taken = new AtomicBoolean();
  private final AtomicBoolean warned = new AtomicBoolean();

  private DescriptorStore(@Nullable NotifySocket socket, List<Left> left) {
    this.socket = socket;
    this.left = left;
  }

  /**
   * This process's, with what the manager passed to it; to be asked for once, before anything is
   * started that would inherit it.
   */
  public static DescriptorStore ofProcess() {
    return of(System.getenv(), ProcessHandle.current().pid());
  }

  /**
   * The store as this environment has it.
   *
   * @param pid of the process that descriptors must have been passed to
   */
  static DescriptorStore of(Map<String, String> environment, long pid) {
    String address = environment.getOrDefault(NotifySocket.VARIABLE, "");
    List<Left> left = passed(environment, pid);
    left.forEach(each -> closeOnExec(each.descriptor()));
    return address.isEmpty() && left.isEmpty()
        ? NONE
        : new DescriptorStore(address.isEmpty() ? null : new NotifySocket(address), left);
  }

  private static List<Left> passed(Map<String, String> environment, long pid) {
    String count = environment.getOrDefault("LISTEN_FDS", "");
    // A process in between may have passed on what was meant for itself.
    if (count.isEmpty() || !environment.getOrDefault("LISTEN_PID", "").equals(Long.toString(pid))) {
      return List.of();
    }
    String[] names = environment.getOrDefault("LISTEN_FDNAMES", "").split(":", -1);
    List<Left> passed = new ArrayList<>();
    try {
      int n = Integer.parseInt(count);
      if (n > MAX_PASSED || n != names.length) {
        throw new NumberFormatException(count);
      }
      for (int i = 0; i < n; i++) {
        passed.add(new Left(FIRST + i, names[i]));
      }
    } catch (NumberFormatException e) {
      log.warn(
          "the service manager passed {} descriptors with {} names, they are ignored",
          count,
          names.length);
      return List.of();
    }
    return passed;
  }

  private static void closeOnExec(int descriptor) {
    try {
      Linker linker = Linker.nativeLinker();
      MethodHandle fcntl =
          linker.downcallHandle(
              linker.defaultLookup().findOrThrow("fcntl"),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_INT),
              Linker.Option.firstVariadicArg(2));
      int result = (int) fcntl.invokeExact(descriptor, F_SETFD, FD_CLOEXEC);
      if (result < 0) {
        log.debug("descriptor {} is not open", descriptor);
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** What keeps descriptors from now on. */
  DescriptorKeeper keeper() {
    return socket == null ? DescriptorKeeper.NONE : this;
  }

  /** What an earlier daemon left, which is the caller's from now on; nothing the second time. */
  List<Left> take() {
    return taken.compareAndSet(false, true) ? left : List.of();
  }

  @Override
  public boolean keep(int descriptor, String name) {
    return send("FDSTORE=1\nFDNAME=" + name, descriptor);
  }

  @Override
  public void drop(String name) {
    send("FDSTOREREMOVE=1\nFDNAME=" + name, -1);
  }

  private boolean send(String state, int descriptor) {
    NotifySocket manager = socket;
    if (manager == null) {
      return false;
    }
    try {
      manager.send(state, descriptor);
      return true;
    } catch (IOException e) {
      if (warned.compareAndSet(false, true)) {
        log.warn(
            "the service manager can't be asked to keep descriptors, containers on incomplete"
                + " layers will not survive a restart: {}",
            e.getMessage());
      }
      return false;
    }
  }
}

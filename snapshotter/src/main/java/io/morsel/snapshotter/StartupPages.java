package io.morsel.snapshotter;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives pages back that only the start of the virtual machine needed, of its own program above all:
 * about 5 MB.
 *
 * <p>Only clean pages of files go. When they are used again they come from the page cache, or from
 * the file where that has dropped them.
 */
final class StartupPages {
  private static final Logger log = LoggerFactory.getLogger(StartupPages.class);

  /** Smaller ones are not worth their system call. */
  private static final long SMALLEST_KIB = 1024;

  private static final int MADV_DONTNEED = 4;

  /** See proc_pid_smaps(5): range, permissions, offset, device, inode and path. */
  private static final Pattern MAPPING =
      Pattern.compile("([0-9a-f]+)-([0-9a-f]+) (....) [0-9a-f]+ \\S+ ([0-9]+) +(/.*)");

  private static final Pattern HEADER = Pattern.compile("[0-9a-f]+-[0-9a-f]+ .*");
  private static final Pattern AMOUNT = Pattern.compile("(\\w+): +([0-9]+) kB");

  /**
   * A mapping whose pages may go.
   *
   * @param address where it begins
   * @param bytes its length
   */
  record Mapping(long address, long bytes) {}

  private StartupPages() {}

  /** Gives them back; where the system does not let it, nothing happens. */
  static void giveBack() {
    try {
      Linker linker = Linker.nativeLinker();
      MethodHandle madvise =
          linker.downcallHandle(
              linker.defaultLookup().findOrThrow("madvise"),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT,
                  ValueLayout.ADDRESS,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_INT));
      for (Mapping mapping : clean(Files.readAllLines(Path.of("/proc/self/smaps")))) {
        int _ =
            (int)
                madvise.invokeExact(
                    MemorySegment.ofAddress(mapping.address()), mapping.bytes(), MADV_DONTNEED);
      }
    } catch (IOException e) {
      log.debug("pages of the start are kept: {}", e.toString());
    } catch (Throwable e) {
      throw new IllegalStateException("madvise", e);
    }
  }

  /**
   * The mappings whose every page is the file's own: private, since a shared one may be written by
   * others, not writable, and without a page that was written before it was made so, such as the
   * addresses that the dynamic linker fills in, which would be lost.
   *
   * @param smaps the lines of {@code /proc/PID/smaps}
   */
  static List<Mapping> clean(List<String> smaps) {
    List<Mapping> result = new ArrayList<>();
    Mapping mapping = null;
    long residentKib = 0;
    for (String line : smaps) {
      if (HEADER.matcher(line).matches()) {
        Matcher file = MAPPING.matcher(line);
        mapping = file.matches() ? readOnly(file) : null;
        residentKib = 0;
        continue;
      }
      Matcher amount = AMOUNT.matcher(line);
      if (mapping == null || !amount.matches()) {
        continue;
      }
      long kib = Long.parseLong(amount.group(2));
      if (amount.group(1).equals("Rss")) {
        residentKib = kib;
      } else if (amount.group(1).equals("Anonymous")) {
        if (kib == 0 && residentKib >= SMALLEST_KIB) {
          result.add(mapping);
        }
        mapping = null;
      }
    }
    return result;
  }

  private static @Nullable Mapping readOnly(Matcher file) {
    String permissions = file.group(3);
    if (permissions.charAt(1) != '-' || permissions.charAt(3) != 'p' || file.group(4).equals("0")) {
      return null;
    }
    long start = Long.parseUnsignedLong(file.group(1), 16);
    return new Mapping(start, Long.parseUnsignedLong(file.group(2), 16) - start);
  }
}

package io.morsel.runtime.diff;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/** Removes trees of any depth, with one open directory at a time. */
final class TreeRemoval {
  private TreeRemoval() {}

  /**
   * Removes a name and all below it; a no-op where there is nothing.
   *
   * @param name of one component
   */
  static void remove(Calls calls, int directory, String name) throws IOException {
    if (removeOne(calls, directory, name)) {
      return;
    }
    Deque<String> above = new ArrayDeque<>();
    above.push(name);
    int current = open(calls, directory, name);
    try {
      while (true) {
        String full = removeAllButFullDirectory(calls, current);
        int next;
        if (full.isEmpty()) {
          next = open(calls, current, "..");
        } else {
          above.push(full);
          next = open(calls, current, full);
        }
        calls.closeDescriptor(current);
        current = next;
        if (full.isEmpty()) {
          String emptied = above.pop();
          Calls.check(calls.unlink(current, emptied, Libc.AT_REMOVEDIR), "remove", emptied);
          if (above.isEmpty()) {
            return;
          }
        }
      }
    } finally {
      calls.closeDescriptor(current);
    }
  }

  private static int open(Calls calls, int directory, String name) throws IOException {
    return (int)
        Calls.check(calls.open(directory, name, Libc.O_DIRECTORY, 0), "open directory", name);
  }

  /** Removes the names of a directory until one is left of a directory that is not empty. */
  private static String removeAllButFullDirectory(Calls calls, int directory) throws IOException {
    for (String name : calls.list(directory)) {
      if (!removeOne(calls, directory, name)) {
        return name;
      }
    }
    return "";
  }

  /** Removes a name unless it is of a directory that is not empty; whether it is gone. */
  private static boolean removeOne(Calls calls, int directory, String name) throws IOException {
    int result = calls.unlink(directory, name, 0);
    if (result == -Errno.EISDIR) {
      result = calls.unlink(directory, name, Libc.AT_REMOVEDIR);
    }
    if (result == -Errno.ENOTEMPTY || result == -Errno.EEXIST) {
      return false;
    }
    if (result != -Errno.ENOENT) {
      Calls.check(result, "remove", name);
    }
    return true;
  }
}

package io.morsel.snapshotter;

/** What a directory of a layer below has under a name: see {@link ImpliedAttributes}. */
sealed interface LowerEntry {
  /** Nothing: layers further below may have something. */
  record Absent() implements LowerEntry {}

  /** A whiteout, a file, or anything else that hides what layers further below have. */
  record NoDirectory() implements LowerEntry {}

  /** The directory itself. */
  record Directory(LowerDirectory directory) implements LowerEntry {}

  /** Nothing. */
  LowerEntry ABSENT = new Absent();

  /** No directory. */
  LowerEntry NO_DIRECTORY = new NoDirectory();
}

package io.morsel.fuse;

/**
 * Keeps descriptors of {@code /dev/fuse} beyond the end of this process, for the one that follows:
 * as long as anybody has such a descriptor open, readers of its filesystem wait instead of failing.
 *
 * <p>Safe for use by many threads. Nothing is lost where it fails: it is then as if there were
 * none.
 */
public interface DescriptorKeeper {
  /** Keeps nothing. */
  DescriptorKeeper NONE =
      new DescriptorKeeper() {
        @Override
        public boolean keep(int descriptor, String name) {
          return false;
        }

        @Override
        public void drop(String name) {}
      };

  /**
   * Keeps a duplicate of a descriptor.
   *
   * @param name what {@link KeptConnection#name} gave, which no other descriptor has
   * @return whether it may be kept: whoever keeps it need not say
   */
  boolean keep(int descriptor, String name);

  /** Closes what is kept under this name, if anything is. */
  void drop(String name);
}

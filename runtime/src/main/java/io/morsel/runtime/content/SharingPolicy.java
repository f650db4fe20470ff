package io.morsel.runtime.content;

/** Whether a namespace gets at bytes that only another one has written. */
public enum SharingPolicy {
  /** A blob of another namespace need not be written again: who knows its digest has it. */
  SHARED,
  /** Who wants a blob has to bring its bytes, and so proves to have them. */
  ISOLATED;

  /** The policy that {@code core.content_sharing_policy} names. */
  public static SharingPolicy of(String name) {
    return name.equals("isolated") ? ISOLATED : SHARED;
  }
}

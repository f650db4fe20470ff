package io.morsel.snapshotter;

/**
 * Who a directory belongs to.
 *
 * @param uid the user's number
 * @param gid the group's number
 */
record Owner(int uid, int gid) {
  static final Owner ROOT = new Owner(0, 0);
}

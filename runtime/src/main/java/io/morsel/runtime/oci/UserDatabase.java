package io.morsel.runtime.oci;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The users and groups of an image: its {@code /etc/passwd} and {@code /etc/group}, by passwd(5)
 * and group(5). Immutable.
 *
 * <p>Who is meant is found as containerd finds it.
 */
public final class UserDatabase {
  /** The file of the users, below an image's root. */
  public static final String PASSWD = "etc/passwd";

  /** The file of the groups, below an image's root. */
  public static final String GROUP = "etc/group";

  private static final long MAX_ID = 0xffff_ffffL;

  private final List<User> users;
  private final List<Group> groups;

  private record User(String name, long uid, long gid) {}

  private record Group(String name, long gid, List<String> members) {}

  private UserDatabase(List<User> users, List<Group> groups) {
    this.users = users;
    this.groups = groups;
  }

  /** Reads both files; either may be empty, and lines that are malformed mean nothing. */
  public static UserDatabase parse(byte[] passwd, byte[] group) {
    return new UserDatabase(
        lines(passwd).flatMap(line -> user(line).stream()).toList(),
        lines(group).flatMap(line -> group(line).stream()).toList());
  }

  private static Stream<String> lines(byte[] file) {
    return new String(file, StandardCharsets.UTF_8).lines().map(String::strip);
  }

  private static Optional<User> user(String line) {
    String[] fields = line.split(":", -1);
    if (fields.length < 4) {
      return Optional.empty();
    }
    long uid = number(fields[2]);
    long gid = number(fields[3]);
    return uid < 0 || gid < 0 ? Optional.empty() : Optional.of(new User(fields[0], uid, gid));
  }

  private static Optional<Group> group(String line) {
    String[] fields = line.split(":", -1);
    if (fields.length < 4) {
      return Optional.empty();
    }
    long gid = number(fields[2]);
    return gid < 0
        ? Optional.empty()
        : Optional.of(new Group(fields[0], gid, List.of(fields[3].split(",", -1))));
  }

  /** A user's or group's number; -1 for what is none. */
  private static long number(String text) {
    if (text.isEmpty() || text.length() > 10 || !text.chars().allMatch(c -> c >= '0' && c <= '9')) {
      return -1;
    }
    long number = Long.parseLong(text);
    return number > MAX_ID ? -1 : number;
  }

  /**
   * Who is meant.
   *
   * @param spec {@code USER} or {@code USER:GROUP}, each by name or number; empty for root
   * @throws SpecException if the image has no such user or group
   */
  public Identity find(String spec) throws SpecException {
    String[] parts = spec.split(":", -1);
    if (parts.length > 2 || (parts.length == 2 && (parts[0].isEmpty() || parts[1].isEmpty()))) {
      throw new SpecException(
          "malformed user '" + spec + "': expected NAME, UID, NAME:GROUP or UID:GID");
    }
    long uid = number(parts[0]);
    long gid = 0;
    Optional<User> user =
        spec.isEmpty()
            ? first(users, "root"::equals)
            : uid >= 0
                ? users.stream().filter(each -> each.uid() == uid).findFirst()
                : first(users, parts[0]::equals);
    if (!spec.isEmpty() && uid < 0 && user.isEmpty()) {
      throw new SpecException(
          "the image has no user '"
              + parts[0]
              + "' in its /etc/passwd; name one that it has, or a number");
    }
    long effectiveUid = spec.isEmpty() ? 0 : uid >= 0 ? uid : user.map(User::uid).orElse(0L);
    if (parts.length == 2) {
      gid = groupOf(parts[1]);
    } else if (!spec.isEmpty()) {
      gid = user.map(User::gid).orElse(0L);
    }
    return new Identity(effectiveUid, gid, additional(user, gid));
  }

  private static Optional<User> first(List<User> users, Predicate<String> name) {
    return users.stream().filter(user -> name.test(user.name())).findFirst();
  }

  private long groupOf(String text) throws SpecException {
    long gid = number(text);
    if (gid >= 0) {
      return gid;
    }
    return groups.stream()
        .filter(group -> group.name().equals(text))
        .findFirst()
        .map(Group::gid)
        .orElseThrow(
            () ->
                new SpecException(
                    "the image has no group '"
                        + text
                        + "' in its /etc/group; name one that it has, or a number"));
  }

  /** The own group comes first, so that a process can't gain by leaving it (CVE-2023-25173). */
  private List<Long> additional(Optional<User> user, long gid) {
    List<Long> gids = new ArrayList<>();
    String name = user.map(User::name).orElse("root");
    if (user.isPresent() || users.isEmpty()) {
      for (Group group : groups) {
        if (!group.name().equals(name) && group.members().contains(name)) {
          gids.add(group.gid());
        }
      }
    }
    if (!gids.contains(gid)) {
      gids.addFirst(gid);
    }
    return gids;
  }
}

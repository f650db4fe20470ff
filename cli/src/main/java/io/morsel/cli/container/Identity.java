package io.morsel.cli.container;

import io.morsel.cli.terminal.CommandException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Who a process is.
 *
 * @param uid its user
 * @param gid its group
 * @param additionalGids further groups
 */
record Identity(long uid, long gid, List<Long> additionalGids) {
  private static final Pattern NUMBERS = Pattern.compile("(\\d{1,10})(?::(\\d{1,10}))?");

  /** Reads {@code UID[:GID]}. */
  static Identity parse(String text) throws CommandException {
    Matcher matcher = NUMBERS.matcher(text);
    if (!matcher.matches()) {
      throw CommandException.usage("malformed user '" + text + "': expected UID[:GID]");
    }
    long uid = Long.parseLong(matcher.group(1));
    long gid = matcher.group(2) == null ? 0 : Long.parseLong(matcher.group(2));
    return new Identity(uid, gid, List.of(gid));
  }
}

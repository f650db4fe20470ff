package io.morsel.stargz.writer;

import io.morsel.stargz.LayerFormatException;
import io.morsel.stargz.tar.ByteStrings;
import io.morsel.stargz.tar.TarEntry;
import io.morsel.stargz.tar.TarType;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The entries of a layer as they are once all of its tar is unpacked: a later entry replaces an
 * earlier one of its path, and what lay below a directory that became something else is gone.
 */
final class LayerEntries {
  /** One entry that may yet be replaced. */
  static final class Item {
    private TarEntry entry;
    private long spoolOffset;

    /** What a hard link is a further name of; never a hard link itself. */
    private @Nullable Item target;

    /** The hard links to this entry. */
    private List<Item> links = List.of();

    private boolean replaced;

    Item(TarEntry entry, long spoolOffset) {
      this.entry = entry;
      this.spoolOffset = spoolOffset;
    }

    TarEntry entry() {
      return entry;
    }

    /** Where its stored content starts in the spool. */
    long spoolOffset() {
      return spoolOffset;
    }
  }

  private final List<Item> items = new ArrayList<>();
  private final NavigableMap<String, Item> byPath = new TreeMap<>();

  /** Adds the next entry of the tar. */
  void add(TarEntry entry, long spoolOffset) throws LayerFormatException {
    String path = ByteStrings.cleanPath(entry.name());
    @Nullable Item previous = byPath.get(path);
    if (entry.type() == TarType.DIRECTORY
        && previous != null
        && previous.entry.type() == TarType.DIRECTORY) {
      previous.entry = entry;
      return;
    }
    Item item = new Item(entry, spoolOffset);
    if (entry.type() == TarType.HARD_LINK) {
      @Nullable Item target = byPath.get(ByteStrings.cleanPath(entry.linkName()));
      if (target != null && target.target != null) {
        target = target.target;
      }
      if (target != null && (target == previous || sameTarget(previous, target))) {
        return; // A second name of what has this name already; GNU tar writes such.
      }
      link(item, target);
    }
    if (entry.type() != TarType.DIRECTORY && !path.isEmpty()) {
      // '0' is what follows '/' in the order of bytes.
      NavigableMap<String, Item> below = byPath.subMap(path + "/", true, path + "0", false);
      List.copyOf(below.values()).forEach(LayerEntries::replace);
      below.clear();
    }
    if (previous != null) {
      replace(previous);
    }
    byPath.put(path, item);
    items.add(item);
  }

  private static boolean sameTarget(@Nullable Item previous, Item target) {
    return previous != null && previous.target == target;
  }

  private static void link(Item item, @Nullable Item target) {
    item.target = target;
    if (target != null) {
      if (target.links.isEmpty()) {
        target.links = new ArrayList<>(2);
      }
      target.links.add(item);
    }
  }

  /** Drops an entry; the first of its hard links, if any, becomes what it was. */
  private static void replace(Item item) {
    item.replaced = true;
    Item heir = null;
    for (Item link : item.links) {
      if (link.replaced) {
        continue;
      }
      if (heir == null) {
        heir = link;
        heir.entry = item.entry.withName(link.entry.name());
        heir.spoolOffset = item.spoolOffset;
        heir.target = null;
      } else {
        link.entry = link.entry.withLinkName(heir.entry.name());
        link(link, heir);
      }
    }
    item.links = List.of();
  }

  /** The entries in the order of the tar, without those that were replaced. */
  List<Item> inOrder() {
    return items.stream().filter(item -> !item.replaced).toList();
  }

  /**
   * The entries that have to be written before the landmark: those prioritized, in their order,
   * each behind its parent directories and, where it is a hard link, behind its target.
   *
   * @param paths in any spelling
   * @param missing receives the paths that are not there
   */
  Set<Item> prioritized(List<String> paths, List<String> missing) {
    Set<Item> picked = new LinkedHashSet<>();
    for (String path : paths) {
      @Nullable Item item = find(path);
      if (item == null) {
        missing.add(path);
      } else {
        pick(item, picked);
      }
    }
    return picked;
  }

  private @Nullable Item find(String path) {
    try {
      return byPath.get(ByteStrings.cleanPath(ByteStrings.ofText(path)));
    } catch (LayerFormatException e) {
      return null; // It leads out of the layer, so it isn't there.
    }
  }

  private void pick(Item item, Set<Item> picked) {
    if (item.target != null && !picked.contains(item.target)) {
      pickWithParents(item.target, picked);
    }
    pickWithParents(item, picked);
  }

  private void pickWithParents(Item item, Set<Item> picked) {
    String path = cleanPath(item);
    int end = path.isEmpty() ? -1 : 0;
    while (end >= 0) {
      @Nullable Item parent = byPath.get(path.substring(0, end));
      if (parent != null && parent.entry.type() != TarType.HARD_LINK) {
        picked.add(parent);
      }
      end = path.indexOf('/', end + 1);
    }
    picked.add(item);
  }

  private static String cleanPath(Item item) {
    try {
      return ByteStrings.cleanPath(item.entry.name());
    } catch (LayerFormatException e) {
      throw new IllegalStateException("the path was clean when the entry was added", e);
    }
  }
}

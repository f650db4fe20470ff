package io.morsel.stargz;

import io.morsel.stargz.LayerFormatException.Kind;
import io.morsel.stargz.erofs.ErofsNode;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.OptionalLong;

/**
 * Applies a TOC's entries, one after the other, to a tree, as unpacking the layer's tar would: a
 * later entry replaces an earlier one, parents that are missing are implied, whiteouts become what
 * overlayfs understands, and what only serves lazy reading is hidden.
 */
final class TocTree implements TocParser.Sink {
  private static final int S_IFIFO = 0010000;
  private static final int S_IFCHR = 0020000;
  private static final int S_IFDIR = 0040000;
  private static final int S_IFBLK = 0060000;
  private static final int S_IFREG = 0100000;
  private static final int S_IFLNK = 0120000;

  private static final byte[] WHITEOUT = ascii(".wh.");
  private static final byte[] AUFS = ascii(".wh..wh.");
  private static final byte[] OPAQUE = ascii(".wh..wh..opq");
  private static final byte[] PREFETCH = ascii(".prefetch.landmark");
  private static final byte[] NO_PREFETCH = ascii(".no.prefetch.landmark");
  private static final byte[] TOC = ascii(TocSource.TOC_NAME);
  private static final byte[] OPAQUE_XATTR = ascii("trusted.overlay.opaque");
  private static final byte[] YES = ascii("y");
  private static final byte[] TRUSTED = ascii("trusted.");
  private static final byte[] USER = ascii("user.");

  private final TocContent content;
  private final TocPaths paths;
  private final List<Pending> pending = new ArrayList<>();
  private final List<ErofsNode> opaque = new ArrayList<>();
  private OptionalLong prefetchEnd = OptionalLong.empty();
  private boolean noPrefetch;
  private final TocText lastTime = new TocText();
  private long lastSeconds;
  private int lastNanos;

  /** A hard link that came before what it names. */
  private record Pending(List<byte[]> path, List<byte[]> target, String name) {}

  /**
   * An empty tree.
   *
   * @param tocOffset where the blob's content ends
   */
  TocTree(LayerLimits limits, long tocOffset) {
    content = new TocContent(limits, tocOffset);
    paths = new TocPaths(limits);
  }

  @Override
  public void entry(TocEntry entry) throws LayerFormatException {
    if (entry.type.is("chunk")) {
      content.chunk(entry);
      return;
    }
    content.end();
    byte[] spelled = entry.path();
    byte[] sibling = paths.sibling(spelled);
    if (sibling.length > 0 && !startsWith(sibling, WHITEOUT) && !entry.type.is("hardlink")) {
      add(entry, paths.siblingsParent(), sibling);
      return;
    }
    byte[][] path = paths.split(spelled, entry);
    if (path.length == 0) {
      root(entry);
      return;
    }
    byte[] name = path[path.length - 1];
    if (path.length == 1 && hidden(entry, name)) {
      return;
    }
    if (startsWith(name, WHITEOUT)) {
      whiteout(entry, path, name);
      return;
    }
    if (entry.type.is("hardlink")) {
      byte[][] target = paths.split(entry.linkPath(), entry);
      if (!link(path, target, entry.name, false)) {
        paths.count(entry);
        pending.add(new Pending(List.of(path), List.of(target), entry.name.toString()));
      }
      return;
    }
    ErofsNode parent = paths.parentOf(path, entry.name);
    if (path.length > 1) {
      paths.remember(spelled, name, parent);
    }
    add(entry, parent, name);
  }

  private void add(TocEntry entry, ErofsNode parent, byte[] name) throws LayerFormatException {
    ErofsNode old = parent.child(name);
    boolean isDirectory = entry.type.is("dir");
    if (isDirectory && old != null && old.isDirectory()) {
      describe(old, entry);
      return;
    }
    ErofsNode node = create(entry);
    if (isDirectory && old != null && old.isWhiteout()) {
      // The whiteout hides what lower layers have here, and this directory what they had in it.
      opaque.add(node);
    }
    parent.put(name, node);
    if (old != null) {
      paths.forget();
    }
  }

  /** Ends the tree. */
  Result finish() throws LayerFormatException {
    content.end();
    // A link may name one that is pending itself.
    for (boolean progress = true; progress && !pending.isEmpty(); ) {
      progress = false;
      for (var links = pending.iterator(); links.hasNext(); ) {
        Pending link = links.next();
        if (link(
            link.path.toArray(new byte[0][]),
            link.target.toArray(new byte[0][]),
            link.name,
            true)) {
          links.remove();
          progress = true;
        }
      }
    }
    if (!pending.isEmpty()) {
      throw new LayerFormatException(
          Kind.MALFORMED,
          "hard link %s names a file that the TOC does not have"
              .formatted(TocEntry.printable(pending.getFirst().name)));
    }
    opaque.addAll(paths.overWhiteouts());
    for (ErofsNode directory : opaque) {
      directory.xattr(OPAQUE_XATTR, YES);
    }
    ImpliedDirectories.mark(paths.root());
    TocContent.Layout layout = content.layOut(filesInTree());
    return new Result(paths.root(), layout, noPrefetch ? OptionalLong.empty() : prefetchEnd);
  }

  /**
   * The whole tree and where its content is.
   *
   * @param root its directories marked as {@link ImpliedDirectories#mark} does
   */
  record Result(ErofsNode root, TocContent.Layout layout, OptionalLong prefetchEnd) {}

  private BitSet filesInTree() {
    var alive = new BitSet();
    var directories = new ArrayDeque<ErofsNode>();
    directories.add(paths.root());
    while (!directories.isEmpty()) {
      files(directories.removeLast(), alive, directories);
    }
    return alive;
  }

  private static void files(ErofsNode directory, BitSet alive, ArrayDeque<ErofsNode> directories) {
    for (int i = 0, count = directory.childCount(); i < count; i++) {
      ErofsNode child = directory.child(i);
      if (child.isDirectory()) {
        directories.addLast(child);
      } else if (child.tag() != 0) {
        alive.set(child.tag());
      }
    }
  }

  private void root(TocEntry entry) throws LayerFormatException {
    if (!entry.type.is("dir")) {
      throw malformed(entry, "is the layer's root, but no directory");
    }
    describe(paths.root(), entry);
  }

  private boolean hidden(TocEntry entry, byte[] name) throws LayerFormatException {
    boolean landmark = Arrays.equals(name, PREFETCH);
    if (landmark) {
      prefetchEnd = entry.offset > 0 ? OptionalLong.of(entry.offset) : OptionalLong.empty();
    }
    boolean noLandmark = Arrays.equals(name, NO_PREFETCH);
    noPrefetch |= noLandmark;
    if (!landmark && !noLandmark && !Arrays.equals(name, TOC)) {
      return false;
    }
    if (entry.type.is("reg")) {
      content.begin(entry, null);
    }
    return true;
  }

  private void whiteout(TocEntry entry, byte[][] path, byte[] name) throws LayerFormatException {
    if (entry.type.is("reg")) {
      content.begin(entry, null);
    }
    ErofsNode parent = paths.parentOf(path, entry.name);
    if (Arrays.equals(name, OPAQUE)) {
      opaque.add(parent);
      return;
    }
    if (startsWith(name, AUFS)) {
      // AUFS' own files; they never had a meaning here.
      return;
    }
    byte[] gone = Arrays.copyOfRange(name, WHITEOUT.length, name.length);
    if (!ErofsNode.validName(gone)) {
      throw malformed(entry, "is a whiteout of no possible name");
    }
    // Whiteouts only hide lower layers: what this layer has under the name stays.
    ErofsNode old = parent.child(gone);
    if (old == null) {
      paths.count(entry);
      parent.put(gone, new ErofsNode(S_IFCHR));
    } else if (old.isDirectory()) {
      // Lower layers' directory is gone, and what it was like with it.
      old.tag(0);
      opaque.add(old);
    }
  }

  private boolean link(byte[][] path, byte[][] target, CharSequence name, boolean last)
      throws LayerFormatException {
    ErofsNode node = paths.find(target, name);
    if (node == null) {
      return false;
    }
    if (node.isDirectory()) {
      throw new LayerFormatException(
          Kind.MALFORMED, "hard link %s names a directory".formatted(TocEntry.printable(name)));
    }
    ErofsNode parent = paths.parentOf(path, name);
    // One that waited for its target must not replace what came after it.
    if (!last || parent.child(path[path.length - 1]) == null) {
      parent.put(path[path.length - 1], node);
      paths.forget();
    }
    return true;
  }

  private ErofsNode create(TocEntry entry) throws LayerFormatException {
    paths.count(entry);
    ErofsNode node = empty(entry);
    describe(node, entry);
    if (node.isRegular()) {
      content.begin(entry, node);
      // Where the file starts is known when all are.
      node.data(entry.size, 0);
    }
    return node;
  }

  private static ErofsNode empty(TocEntry entry) throws LayerFormatException {
    TocText type = entry.type;
    if (type.is("reg")) {
      return new ErofsNode(S_IFREG);
    }
    if (type.is("dir")) {
      return new ErofsNode(S_IFDIR);
    }
    return switch (type.toString()) {
      case "symlink" -> symlink(entry);
      case "char" -> device(entry, S_IFCHR);
      case "block" -> device(entry, S_IFBLK);
      case "fifo" -> new ErofsNode(S_IFIFO);
      default -> throw malformed(entry, "has the unknown type " + TocEntry.printable(type));
    };
  }

  private static ErofsNode symlink(TocEntry entry) throws LayerFormatException {
    byte[] target = entry.linkPath();
    if (target.length > 4095) {
      throw new LayerFormatException(
          Kind.TOO_LARGE,
          "symlink %s has a target of %d bytes; Linux allows 4095"
              .formatted(entry.title(), target.length));
    }
    try {
      return new ErofsNode(S_IFLNK).target(target);
    } catch (IllegalArgumentException e) {
      throw new LayerFormatException(
          Kind.MALFORMED, "symlink %s has an impossible target".formatted(entry.title()), e);
    }
  }

  private static ErofsNode device(TocEntry entry, int type) throws LayerFormatException {
    if (entry.devMajor < 0
        || entry.devMajor > 0xFFF
        || entry.devMinor < 0
        || entry.devMinor > 0xFFFFF) {
      throw malformed(
          entry, "is the impossible device %d:%d".formatted(entry.devMajor, entry.devMinor));
    }
    return new ErofsNode(type).device((int) entry.devMajor, (int) entry.devMinor);
  }

  private void describe(ErofsNode node, TocEntry entry) throws LayerFormatException {
    if (entry.uid < 0 || entry.uid > 0xFFFF_FFFFL || entry.gid < 0 || entry.gid > 0xFFFF_FFFFL) {
      throw malformed(entry, "has the impossible owner %d:%d".formatted(entry.uid, entry.gid));
    }
    time(entry);
    node.permissions((int) entry.mode & 07777)
        .owner((int) entry.uid, (int) entry.gid)
        .mtime(lastSeconds, lastNanos)
        .clearXattrs();
    if (node.isDirectory()) {
      node.tag(0);
    }
    for (int i = 0; i < entry.xattrNames.size(); i++) {
      byte[] name = entry.xattrNames.get(i);
      if (name.length == 0 || name.length > 255) {
        throw malformed(entry, "has an extended attribute with a name of impossible length");
      }
      if (isShown(name, node)) {
        node.xattr(name, entry.xattrValues.get(i));
      }
    }
  }

  /**
   * Whether containerd would set the attribute when it unpacked the layer ({@code createTarFile} in
   * its package {@code archive}). It leaves out trusted ones, among which are those that overlayfs
   * obeys, and user's where Linux has none: on what is neither a file nor a directory.
   */
  private static boolean isShown(byte[] name, ErofsNode node) {
    return !startsWith(name, TRUSTED)
        && (!startsWith(name, USER) || node.isRegular() || node.isDirectory());
  }

  private void time(TocEntry entry) throws LayerFormatException {
    TocText text = entry.modtime;
    // Most files of a layer share a few times.
    if (text.is(lastTime)) {
      return;
    }
    lastSeconds = 0;
    lastNanos = 0;
    if (!text.isEmpty()) {
      try {
        Instant time = TocTime.parse(text.toString());
        lastSeconds = time.getEpochSecond();
        lastNanos = time.getNano();
      } catch (DateTimeException e) {
        throw new LayerFormatException(
            Kind.MALFORMED,
            "%s has the time %s, which is not of RFC 3339"
                .formatted(entry.title(), TocEntry.printable(text)),
            e);
      }
    }
    lastTime.set(text);
  }

  private static boolean startsWith(byte[] name, byte[] prefix) {
    return name.length >= prefix.length
        && Arrays.equals(name, 0, prefix.length, prefix, 0, prefix.length);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static LayerFormatException malformed(TocEntry entry, String what) {
    return new LayerFormatException(Kind.MALFORMED, entry.title() + " " + what);
  }
}

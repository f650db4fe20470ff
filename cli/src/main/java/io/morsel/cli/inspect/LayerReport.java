package io.morsel.cli.inspect;

import org.jspecify.annotations.Nullable;

/**
 * What a layer is.
 *
 * @param digest the compressed layer's digest
 * @param mediaType what the manifest says that it is
 * @param format what its bytes say that it is, such as {@code eStargz} or {@code gzip}
 * @param sizeBytes its compressed size
 * @param toc what its TOC says; null where it has none that can be read
 * @param namedTocDigest the TOC's digest in the manifest; null where the manifest names none
 * @param lazy whether Morsel loads it lazily with default settings
 * @param why why not, or under which setting; empty where there is nothing to say
 */
record LayerReport(
    String digest,
    String mediaType,
    String format,
    long sizeBytes,
    @Nullable Toc toc,
    @Nullable String namedTocDigest,
    boolean lazy,
    String why) {
  /**
   * What a TOC says.
   *
   * @param digest the TOC's real digest
   * @param entries how many inodes the layer has
   * @param chunks how many chunks its files have
   * @param contentBytes the size of all files together, uncompressed
   * @param prefetchBytes how much of the layer is to be fetched at once; -1 where none is asked for
   */
  record Toc(String digest, long entries, int chunks, long contentBytes, long prefetchBytes) {}
}

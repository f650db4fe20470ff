package io.morsel.prefetch.profile;

import io.morsel.prefetch.ByteBudget;
import io.morsel.prefetch.ImageReplay;
import io.morsel.prefetch.ReplayOrder;
import io.morsel.registry.Digest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What is known of an image's starts: a few recent ones that differ, and what follows for the next.
 *
 * <p>Chunks are named by where they stand in their layer's blob, which outlives every change of how
 * layers are indexed. Immutable. {@link ProfileJson} is its written form.
 *
 * @param image the digest of the image's manifest for one platform
 * @param layers digests of layers, which uses refer to by their place here
 * @param starts the most recent first
 */
public record ImageProfile(Digest image, List<Digest> layers, List<RecordedStart> starts) {
  /** The media type of the written form, and the artifact type where it is in a registry. */
  public static final String MEDIA_TYPE = "application/vnd.morsel.profile.v1+json";

  /** The most starts that are kept of an image. */
  public static final int MAX_STARTS = 8;

  /** The most layers that a profile may name. */
  public static final int MAX_LAYERS = 512;

  /** Of a start that was seen in part, what has so little new in it says nothing. */
  private static final double KNOWN = 0.95;

  /**
   * Copies the lists.
   *
   * @throws IllegalArgumentException if there are too many layers or starts, or a use is of none of
   *     the layers
   */
  public ImageProfile {
    layers = List.copyOf(layers);
    starts = List.copyOf(starts);
    if (layers.size() > MAX_LAYERS || starts.size() > MAX_STARTS) {
      throw new IllegalArgumentException(layers.size() + " layers, " + starts.size() + " starts");
    }
    for (RecordedStart start : starts) {
      for (ChunkUse use : start.uses()) {
        if (use.layer() >= layers.size()) {
          throw new IllegalArgumentException("layer " + use.layer() + " of " + layers.size());
        }
      }
    }
  }

  /** A profile that knows of no start. */
  public static ImageProfile empty(Digest image) {
    return new ImageProfile(image, List.of(), List.of());
  }

  /**
   * The profile with what another start taught: in the place of one that was much the same, or
   * besides the others, of which the oldest may have to go.
   *
   * @param startLayers what the start's uses refer to
   * @param partly whether the start was not seen in full, since the kernel had some of what it used
   *     in its cache, or since it was interrupted: then it only adds to what is known
   */
  public ImageProfile with(List<Digest> startLayers, RecordedStart start, boolean partly) {
    List<Digest> all = new ArrayList<>(layers);
    Map<Digest, Integer> numbers = new HashMap<>();
    layers.forEach(layer -> numbers.putIfAbsent(layer, numbers.size()));
    List<ChunkUse> renumbered = new ArrayList<>();
    for (ChunkUse use : start.uses()) {
      Digest layer = startLayers.get(use.layer());
      Integer number = numbers.get(layer);
      if (number == null && all.size() < MAX_LAYERS) {
        number = all.size();
        numbers.put(layer, number);
        all.add(layer);
      }
      if (number != null) {
        renumbered.add(new ChunkUse(number, use.blobOffset(), use.blobBytes()));
      }
    }
    RecordedStart added = new RecordedStart(start.time(), renumbered);
    if (added.uses().isEmpty() || (partly && added.partIn(places()) >= KNOWN)) {
      return this;
    }
    List<RecordedStart> more = new ArrayList<>();
    more.add(added);
    for (RecordedStart known : starts) {
      if ((partly || !known.isLike(added)) && more.size() < MAX_STARTS) {
        more.add(known);
      }
    }
    return new ImageProfile(image, all, more);
  }

  /** This profile with the starts of another one of the same image, which count as the later. */
  public ImageProfile with(ImageProfile other) {
    ImageProfile merged = this;
    for (RecordedStart start : other.starts().reversed()) {
      merged = merged.with(other.layers(), start, false);
    }
    return merged;
  }

  private Set<ChunkUse.Place> places() {
    Set<ChunkUse.Place> places = new HashSet<>();
    starts.forEach(start -> places.addAll(start.places()));
    return places;
  }

  /** Something that starts use, over all of them. */
  private static final class Merged {
    final ChunkUse use;
    long blobBytes;
    long usedBy;
    long bytesBefore = Long.MAX_VALUE;

    Merged(ChunkUse use) {
      this.use = use;
    }

    long bytesBefore() {
      return bytesBefore;
    }

    boolean isOfMost(int starts) {
      return 2 * Long.bitCount(usedBy) > starts;
    }
  }

  /**
   * What to fetch for the next start: first what most of the starts used, then the rest, each in
   * the order in which it was used.
   *
   * @param maxBlobBytes the most compressed bytes to fetch
   */
  public List<ChunkUse> forNextStart(long maxBlobBytes) {
    return merged(maxBlobBytes).stream()
        .map(each -> new ChunkUse(each.use.layer(), each.use.blobOffset(), each.blobBytes))
        .toList();
  }

  private List<Merged> merged(long maxBlobBytes) {
    Map<ChunkUse.Place, Merged> merged = new LinkedHashMap<>();
    for (int i = 0; i < starts.size(); i++) {
      long before = 0;
      for (ChunkUse use : starts.get(i).uses()) {
        Merged all = merged.computeIfAbsent(use.place(), _ -> new Merged(use));
        all.usedBy |= 1L << i;
        all.blobBytes = Math.max(all.blobBytes, use.blobBytes());
        all.bytesBefore = Math.min(all.bytesBefore, before);
        before = saturatedSum(before, use.blobBytes());
      }
    }
    List<Merged> order = new ArrayList<>();
    long left = maxBlobBytes;
    for (Merged each :
        merged.values().stream()
            .sorted(
                Comparator.comparingInt((Merged m) -> m.isOfMost(starts.size()) ? 0 : 1)
                    .thenComparingLong(Merged::bytesBefore))
            .toList()) {
      if (each.blobBytes > left) {
        break;
      }
      left -= each.blobBytes;
      order.add(each);
    }
    return order;
  }

  /**
   * The replay of what {@link #forNextStart} has, in each layer; ranks say how the layers' parts
   * interleave.
   *
   * @param maxBlobBytes the most compressed bytes to fetch
   */
  public ImageReplay replay(long maxBlobBytes) {
    return new ImageReplay(replayOrders(maxBlobBytes), starts.size(), new ByteBudget(maxBlobBytes));
  }

  Map<Digest, ReplayOrder> replayOrders(long maxBlobBytes) {
    Map<Digest, List<ReplayOrder.Place>> places = new LinkedHashMap<>();
    long rank = 0;
    for (Merged each : merged(maxBlobBytes)) {
      places
          .computeIfAbsent(layers.get(each.use.layer()), _ -> new ArrayList<>())
          .add(new ReplayOrder.Place(each.use.blobOffset(), each.blobBytes, rank, each.usedBy));
      rank = saturatedSum(rank, each.blobBytes);
    }
    Map<Digest, ReplayOrder> orders = new LinkedHashMap<>();
    places.forEach((layer, its) -> orders.put(layer, new ReplayOrder(its)));
    return orders;
  }

  private static long saturatedSum(long a, long b) {
    return a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b;
  }
}

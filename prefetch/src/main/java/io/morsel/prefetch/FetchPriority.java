package io.morsel.prefetch;

/** What a fetch is for; an earlier constant overtakes a later one. */
public enum FetchPriority {
  /** A reader waits. */
  DEMAND,
  /** The image asks for it before its landmark, or a recorded profile replays it. */
  PREFETCH,
  /** A reader is likely to ask for it next. */
  READ_AHEAD,
  /** The rest of the layer. */
  BACKGROUND
}

/**
 * Streams that clients open beforehand and name in other calls: {@link
 * io.morsel.runtime.streaming.StreamingService} takes them in, {@link
 * io.morsel.runtime.streaming.Streams} finds them by their names, and a {@link
 * io.morsel.runtime.streaming.MessageStream} is one of them.
 */
@NullMarked
package io.morsel.runtime.streaming;

import org.jspecify.annotations.NullMarked;

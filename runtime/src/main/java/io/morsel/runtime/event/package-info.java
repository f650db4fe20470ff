/**
 * Events: published by services and clients, sent to subscribers.
 *
 * <p>Start reading at {@link io.morsel.runtime.event.Exchange}.
 */
@NullMarked
package io.morsel.runtime.event;

import org.jspecify.annotations.NullMarked;

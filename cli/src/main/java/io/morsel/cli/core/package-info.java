/**
 * A client of containerd's API, for the commands that look after images and containers: {@code ps},
 * {@code images}, {@code run} and others.
 *
 * <p>Start reading at {@link io.morsel.cli.core.CoreClient}.
 */
@NullMarked
package io.morsel.cli.core;

import org.jspecify.annotations.NullMarked;

/**
 * What commands do with containers and their processes: {@code ps}, {@code exec}, {@code stop} and
 * others.
 *
 * <p>Start reading at {@link io.morsel.cli.container.Containers}, which finds those that a command
 * line names; then each command has a class of its own.
 */
@NullMarked
package io.morsel.cli.container;

import org.jspecify.annotations.NullMarked;

/**
 * What all commands share when they talk to a person: failures with an exit code, progress, sizes
 * and times in readable form, and how much is logged.
 *
 * <p>Start reading at {@link io.morsel.cli.terminal.CommandException}.
 */
@NullMarked
package io.morsel.cli.terminal;

import org.jspecify.annotations.NullMarked;

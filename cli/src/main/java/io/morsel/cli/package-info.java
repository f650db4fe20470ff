/**
 * The {@code morsel} command.
 *
 * <p>Start reading at {@link io.morsel.cli.Main}, which parses the command line, runs one command
 * and turns whatever goes wrong into a line on stderr and an exit code. A command's class here
 * holds its options and nothing else; what it does is in a package of its own, loaded only when it
 * runs, so that {@code morsel version} starts fast.
 */
@NullMarked
package io.morsel.cli;

import org.jspecify.annotations.NullMarked;

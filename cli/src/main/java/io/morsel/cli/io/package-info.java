/**
 * Standard streams, terminals and signals of a process in a container, as its client has them: for
 * {@code run} and {@code exec}.
 *
 * <p>Start reading at {@link io.morsel.cli.io.StdioCopy}, which joins this program's streams with
 * the {@link io.morsel.cli.io.Fifos} that a shim opens; {@link io.morsel.cli.io.RawTerminal} and
 * {@link io.morsel.cli.io.SignalForwarding} stand beside it, and {@link
 * io.morsel.cli.io.ProcessCalls} tells the process what happens to them.
 */
@NullMarked
package io.morsel.cli.io;

import org.jspecify.annotations.NullMarked;

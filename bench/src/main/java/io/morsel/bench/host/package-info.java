/**
 * This machine, driven from outside: programs and servers, waiting for them, asking them.
 *
 * <p>Start reading at {@link io.morsel.bench.host.Command}. The integration tests use it too.
 */
@NullMarked
package io.morsel.bench.host;

import org.jspecify.annotations.NullMarked;

/**
 * {@code morsel inspect}: shows what the layers of an image are, and which of them Morsel would
 * load lazily.
 *
 * <p>Start reading at {@link io.morsel.cli.inspect.LayerInspector}.
 */
@NullMarked
package io.morsel.cli.inspect;

import org.jspecify.annotations.NullMarked;

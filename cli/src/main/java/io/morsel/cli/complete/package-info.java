/** {@code morsel completion}: {@link io.morsel.cli.complete.CompletionScript}. */
@NullMarked
package io.morsel.cli.complete;

import org.jspecify.annotations.NullMarked;

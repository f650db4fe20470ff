/** To be written. */
@NullMarked
package io.morsel.cli;

import org.jspecify.annotations.NullMarked;

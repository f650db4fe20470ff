/** Tests of this package. */
@NullMarked
package io.morsel.runtime.linux;

import org.jspecify.annotations.NullMarked;

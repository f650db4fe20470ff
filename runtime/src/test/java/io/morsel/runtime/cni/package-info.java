/** Tests of this package. */
@NullMarked
package io.morsel.runtime.cni;

import org.jspecify.annotations.NullMarked;

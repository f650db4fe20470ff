/** Tests of this package. */
@NullMarked
package io.morsel.runtime.oci;

import org.jspecify.annotations.NullMarked;

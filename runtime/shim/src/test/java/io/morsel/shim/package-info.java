/** Tests of bundles and start replies, and of Debian's shim with runc. */
@NullMarked
package io.morsel.shim;

import org.jspecify.annotations.NullMarked;

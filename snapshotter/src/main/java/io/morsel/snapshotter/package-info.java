/** To be written. */
@NullMarked
package io.morsel.snapshotter;

import org.jspecify.annotations.NullMarked;

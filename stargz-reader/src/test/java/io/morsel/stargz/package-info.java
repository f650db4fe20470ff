/** Tests of layer formats. */
@NullMarked
package io.morsel.stargz;

import org.jspecify.annotations.NullMarked;

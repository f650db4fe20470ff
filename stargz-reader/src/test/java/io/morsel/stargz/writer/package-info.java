/** Tests of what is in the package of this name. */
@NullMarked
package io.morsel.stargz.writer;

import org.jspecify.annotations.NullMarked;

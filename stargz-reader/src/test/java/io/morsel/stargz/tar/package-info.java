/** Tests of what is in the package of this name. */
@NullMarked
package io.morsel.stargz.tar;

import org.jspecify.annotations.NullMarked;

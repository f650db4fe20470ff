/** Tests of the library: the codec against any bytes, client and server against each other. */
@NullMarked
package io.morsel.ttrpc;

import org.jspecify.annotations.NullMarked;

/** Tests of the microbenchmarks: that they run, and not how fast. */
@NullMarked
package io.morsel.bench.micro;

import org.jspecify.annotations.NullMarked;

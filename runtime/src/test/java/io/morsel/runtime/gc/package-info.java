@NullMarked
package io.morsel.runtime.gc;

import org.jspecify.annotations.NullMarked;

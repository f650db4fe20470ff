@NullMarked
package io.morsel.runtime.diff;

import org.jspecify.annotations.NullMarked;

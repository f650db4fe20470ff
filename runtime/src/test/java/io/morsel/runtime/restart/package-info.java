@NullMarked
package io.morsel.runtime.restart;

import org.jspecify.annotations.NullMarked;

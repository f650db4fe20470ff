@NullMarked
package io.morsel.runtime.snapshot;

import org.jspecify.annotations.NullMarked;

@NullMarked
package io.morsel.runtime;

import org.jspecify.annotations.NullMarked;

@NullMarked
package io.morsel.runtime.image;

import org.jspecify.annotations.NullMarked;

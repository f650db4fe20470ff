@NullMarked
package io.morsel.runtime.event;

import org.jspecify.annotations.NullMarked;

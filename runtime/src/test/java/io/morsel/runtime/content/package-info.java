@NullMarked
package io.morsel.runtime.content;

import org.jspecify.annotations.NullMarked;

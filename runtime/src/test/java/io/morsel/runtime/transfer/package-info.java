@NullMarked
package io.morsel.runtime.transfer;

import org.jspecify.annotations.NullMarked;

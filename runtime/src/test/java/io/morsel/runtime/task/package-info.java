@NullMarked
package io.morsel.runtime.task;

import org.jspecify.annotations.NullMarked;

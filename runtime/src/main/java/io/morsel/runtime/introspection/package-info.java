/** What the core says of itself: {@link io.morsel.runtime.introspection.IntrospectionService}. */
@NullMarked
package io.morsel.runtime.introspection;

import org.jspecify.annotations.NullMarked;

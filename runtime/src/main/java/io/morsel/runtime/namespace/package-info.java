/**
 * Namespaces: {@link io.morsel.runtime.namespace.NamespacesService} over {@link
 * io.morsel.runtime.namespace.NamespaceStore}, where the semantics are.
 */
@NullMarked
package io.morsel.runtime.namespace;

import org.jspecify.annotations.NullMarked;

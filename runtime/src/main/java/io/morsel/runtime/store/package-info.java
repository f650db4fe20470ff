/**
 * The one store under all services: its schema, its transactions, and the rules that containerd has
 * for names and labels.
 *
 * <p>Start reading at {@link io.morsel.runtime.store.MetadataStore}.
 */
@NullMarked
package io.morsel.runtime.store;

import org.jspecify.annotations.NullMarked;

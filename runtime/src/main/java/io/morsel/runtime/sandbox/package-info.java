/**
 * Sandboxes' metadata: {@link io.morsel.runtime.sandbox.SandboxStoreService} over {@link
 * io.morsel.runtime.sandbox.SandboxStore}, where the semantics are.
 */
@NullMarked
package io.morsel.runtime.sandbox;

import org.jspecify.annotations.NullMarked;

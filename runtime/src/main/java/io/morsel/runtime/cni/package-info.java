/**
 * Networks for containers, by the standard plugins: the Container Network Interface, specification
 * 1.0.0 and what is compatible with it from 0.3.0 on.
 *
 * <p>Start reading at {@link io.morsel.runtime.cni.Cni}.
 */
@NullMarked
package io.morsel.runtime.cni;

import org.jspecify.annotations.NullMarked;

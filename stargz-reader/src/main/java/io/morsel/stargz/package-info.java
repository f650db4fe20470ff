/**
 * Layer formats that can be read at random: eStargz, legacy stargz (CRFS).
 *
 * <p>Start reading at {@link io.morsel.stargz.LayerIndex}: what Morsel keeps of a layer's TOC, on
 * disk. Nothing here knows of registries; bytes come in through {@link io.morsel.stargz.LayerBlob}.
 */
@NullMarked
package io.morsel.stargz;

import org.jspecify.annotations.NullMarked;

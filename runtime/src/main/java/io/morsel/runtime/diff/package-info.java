/**
 * Layers into mounts and back: {@code containerd.services.diff.v1}, with the semantics of
 * containerd's archive and walking differ.
 *
 * <p>Start reading at {@link io.morsel.runtime.diff.DiffService}; {@link
 * io.morsel.runtime.diff.Unpacker} is where a tar, which is hostile input, meets a filesystem. All
 * names are byte strings ({@link io.morsel.stargz.tar.ByteStrings}), and all files are reached
 * through {@link io.morsel.runtime.diff.Calls}: Java's own file API can neither name all of them
 * nor resolve a path inside a root.
 */
@NullMarked
package io.morsel.runtime.diff;

import org.jspecify.annotations.NullMarked;

/**
 * What it takes to talk containerd's API, on either side: gRPC over Unix sockets, namespace and
 * lease headers, and containerd's classes of errors.
 *
 * <p>Start reading at {@link io.morsel.containerd.UnixServer} and {@link
 * io.morsel.containerd.UnixChannel}. Messages and stubs are generated from {@code
 * src/main/protobuf} into the packages {@code io.morsel.containerd.api.*}; the service definitions
 * are those of containerd 1.6 with the fields that later versions added.
 */
@NullMarked
package io.morsel.containerd;

import org.jspecify.annotations.NullMarked;

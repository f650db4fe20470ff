/**
 * ttrpc, the protocol that containerd and its shims talk: protobuf calls in frames with a header of
 * ten bytes, many at a time on one Unix socket.
 *
 * <p>Start reading at {@link io.morsel.ttrpc.TtrpcClient} and {@link io.morsel.ttrpc.TtrpcServer};
 * a {@link io.morsel.ttrpc.TtrpcMethod} names what is called. The API blocks and is meant for
 * virtual threads. It follows <a
 * href="https://github.com/containerd/ttrpc/blob/main/PROTOCOL.md">PROTOCOL.md</a> of containerd's
 * ttrpc, version 1.2, streams included.
 */
@NullMarked
package io.morsel.ttrpc;

import org.jspecify.annotations.NullMarked;

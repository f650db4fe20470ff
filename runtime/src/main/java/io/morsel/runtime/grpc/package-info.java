/**
 * What the services share of gRPC: who calls, how errors are told, how streams are paced.
 *
 * <p>Start reading at {@link io.morsel.runtime.grpc.Answers}.
 */
@NullMarked
package io.morsel.runtime.grpc;

import org.jspecify.annotations.NullMarked;

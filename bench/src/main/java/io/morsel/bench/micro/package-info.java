/**
 * The hot pieces alone, measured by JMH.
 *
 * <p>Start reading at {@link io.morsel.bench.micro.MicroGroup}. Every benchmark checks what it got:
 * a wrong byte fails it.
 */
@NullMarked
package io.morsel.bench.micro;

import org.jspecify.annotations.NullMarked;

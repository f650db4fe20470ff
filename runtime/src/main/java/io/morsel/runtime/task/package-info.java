/**
 * Tasks: the processes of containers, each looked after by a shim.
 *
 * <p>Start reading at {@link io.morsel.runtime.task.TaskManager}, which creates, finds again and
 * deletes them; {@link io.morsel.runtime.task.TasksService} serves it to clients, and {@link
 * io.morsel.runtime.task.ShimEvents} takes the events of shims. That every exit is told once is the
 * matter of {@link io.morsel.runtime.task.ExitRecords}.
 */
@NullMarked
package io.morsel.runtime.task;

import org.jspecify.annotations.NullMarked;

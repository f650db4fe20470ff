package io.morsel.runtime.task;

/** Which task: there is at most one for a container. */
record TaskKey(String namespace, String id) {}

package io.morsel.integration;

/** The tests of tasks with Debian's runc. */
class CoreTasksIT extends TaskTests {
  CoreTasksIT() {
    super(TaskNode.Setting.DEFAULT.withWarmUp());
  }

  @Override
  void assumePossible() {
    // Everything else needs runc, too.
  }
}

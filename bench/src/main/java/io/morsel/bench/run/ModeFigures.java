package io.morsel.bench.run;

import io.morsel.bench.result.CellKey;

/** Makes the keys of one group's figures. */
record ModeFigures(String group, String net, String workload, String mode) {
  CellKey millis(String metric) {
    return key(metric, "ms");
  }

  CellKey bytes(String metric) {
    return key(metric, "bytes");
  }

  CellKey key(String metric, String unit) {
    return new CellKey(group, net, workload, mode, metric, unit);
  }

  /** The same of another mode. */
  ModeFigures of(String otherMode) {
    return new ModeFigures(group, net, workload, otherMode);
  }
}

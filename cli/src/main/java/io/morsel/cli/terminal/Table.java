package io.morsel.cli.terminal;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/** Rows with aligned columns under headings. What stands in a cell can't disturb a terminal. */
public final class Table {
  private static final String GAP = "  ";

  private final List<List<String>> rows = new ArrayList<>();

  private Table() {}

  /** A table with these headings and no rows yet. */
  public static Table of(String... headings) {
    return new Table().row(headings);
  }

  /** Adds a row; as many cells as there are headings. An empty cell is shown as a dash. */
  public Table row(String... cells) {
    List<String> row = new ArrayList<>();
    for (String cell : cells) {
      row.add(cell.isEmpty() ? "-" : Printable.text(cell));
    }
    rows.add(row);
    return this;
  }

  /** Prints headings and rows. */
  public void print(PrintWriter out) {
    int columns = rows.getFirst().size();
    int[] widths = new int[columns];
    for (List<String> row : rows) {
      for (int i = 0; i < columns; i++) {
        widths[i] = Math.max(widths[i], width(row.get(i)));
      }
    }
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < columns; i++) {
        String cell = row.get(i);
        line.append(cell);
        if (i < columns - 1) {
          line.repeat(' ', widths[i] - width(cell)).append(GAP);
        }
      }
      out.println(line);
    }
  }

  private static int width(String cell) {
    return cell.codePointCount(0, cell.length());
  }
}

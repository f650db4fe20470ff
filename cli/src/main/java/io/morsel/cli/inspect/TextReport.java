package io.morsel.cli.inspect;

import io.morsel.cli.inspect.LayerInspector.Finding;
import io.morsel.cli.terminal.Printable;
import io.morsel.cli.terminal.Quantity;
import java.io.PrintWriter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What was found, for people. */
final class TextReport {
  private TextReport() {}

  static void print(InspectJob.Report report, PrintWriter out) {
    long lazy = report.layers().stream().filter(layer -> layer.report().lazy()).count();
    long bytes = report.layers().stream().mapToLong(layer -> layer.report().sizeBytes()).sum();
    out.println(report.name());
    line(out, "digest", report.image().target().digest().toString());
    line(out, "type", report.image().target().mediaType());
    if (!report.platforms().isEmpty()) {
      line(out, "platforms", String.join(", ", report.platforms()));
      line(out, "shown", report.platform() + ", " + report.image().manifestDescriptor().digest());
    }
    line(
        out,
        "layers",
        "%d, %s; Morsel loads %d of them lazily"
            .formatted(report.layers().size(), Quantity.bytes(bytes), lazy));
    for (Finding layer : report.layers()) {
      out.println();
      print(layer, out);
    }
  }

  private static void print(Finding finding, PrintWriter out) {
    LayerReport layer = finding.report();
    LayerReport.Toc toc = layer.toc();
    out.println("layer " + layer.digest());
    line(out, "type", layer.mediaType());
    line(out, "format", layer.format());
    line(out, "size", Quantity.bytes(layer.sizeBytes()) + " compressed" + content(toc));
    if (toc != null) {
      line(
          out,
          "contents",
          String.format(Locale.ROOT, "%,d entries, %,d chunks", toc.entries(), toc.chunks()));
      line(
          out,
          "prefetch",
          toc.prefetchBytes() < 0
              ? "no landmark"
              : Quantity.bytes(toc.prefetchBytes()) + ", up to the landmark");
      line(out, "TOC digest", toc.digest() + ", " + verdict(toc, layer.namedTocDigest()));
    }
    line(out, "lazy", (layer.lazy() ? "yes" : "no: ") + layer.why());
    for (String file : finding.files()) {
      out.println("    " + file);
    }
  }

  private static String content(LayerReport.@Nullable Toc toc) {
    return toc == null ? "" : ", " + Quantity.bytes(toc.contentBytes()) + " of files";
  }

  private static String verdict(LayerReport.Toc toc, @Nullable String named) {
    return named == null
        ? "the manifest names none"
        : named.equals(toc.digest()) ? "as the manifest says" : "but the manifest says " + named;
  }

  private static void line(PrintWriter out, String name, String value) {
    out.printf("  %-11s %s%n", name, Printable.text(value));
  }
}

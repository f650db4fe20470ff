package io.morsel.bench.report;

import static io.morsel.bench.report.SmallResults.cell;
import static io.morsel.bench.report.SmallResults.cold;
import static io.morsel.bench.report.SmallResults.voided;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.morsel.bench.result.BenchResult;
import io.morsel.bench.result.Cell;
import io.morsel.bench.result.CellKey;
import io.morsel.bench.result.Machine;
import io.morsel.bench.result.Sample;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

final class HtmlReportTest {
  private static final String HOSTILE = "<script>alert(\"1\")</script>&'\u0000\ud800\ufffe\u202e%s";

  @Test
  void everyCellHasARowWithItsFigures() throws Exception {
    BenchResult result = SampleResult.of(1);
    Set<List<String>> rows = new HashSet<>();
    for (Element table : elements(parse(HtmlReport.render(result)), "table")) {
      // The table at a glance has none.
      String caption = String.join("", texts(table, "caption"));
      for (Element row : elements(table, "tr")) {
        List<String> texts = new ArrayList<>(List.of(caption));
        elements(row, "td").forEach(td -> texts.add(td.getTextContent()));
        if (texts.size() > 6) {
          rows.add(List.copyOf(texts.subList(0, 7)));
        }
      }
    }
    for (Cell cell : result.cells()) {
      assertThat(rows)
          .contains(
              List.of(
                  "%s, %s, %s, in %s"
                      .formatted(cell.group(), cell.net(), cell.metric(), cell.unit()),
                  cell.workload(),
                  cell.mode(),
                  cell.median() == null ? "–" : Amount.exact(cell.median()),
                  cell.min() == null ? "–" : Amount.exact(cell.min()),
                  cell.max() == null ? "–" : Amount.exact(cell.max()),
                  String.valueOf(Figures.counted(cell))));
    }
  }

  @Test
  void everyFigureHasAChart() throws Exception {
    Document page = parse(HtmlReport.render(SampleResult.of(1)));

    assertThat(elements(page, "figure")).hasSizeGreaterThan(20);
    for (Element figure : elements(page, "figure")) {
      assertThat(elements(figure, "svg")).hasSize(1);
      assertThat(elements(figure, "table")).hasSize(1);
      assertThat(elements(figure, "svg").getFirst().getAttribute("viewBox"))
          .matches("0 0 340 [0-9.]+");
    }
  }

  @Test
  void nothingIsDrawnOutsideTheChart() throws Exception {
    for (long seed = 1; seed <= 5; seed++) {
      Document page = parse(HtmlReport.render(SampleResult.of(seed)));
      for (Element rect : elements(page, "rect")) {
        double x = Double.parseDouble(rect.getAttribute("x"));
        double width = Double.parseDouble(rect.getAttribute("width"));
        assertThat(x + width).as("seed %d", seed).isBetween(0.0, SvgChart.WIDTH);
      }
      for (Element line : elements(page, "line")) {
        for (String end : List.of("x1", "x2")) {
          assertThat(Double.parseDouble(line.getAttribute(end)))
              .as("seed %d", seed)
              .isBetween(0.0, SvgChart.WIDTH);
        }
      }
    }
  }

  @Test
  void barsAreAsLongAsTheirValues() throws Exception {
    Document page =
        parse(
            HtmlReport.render(
                SmallResults.of(
                    cell(cold("hello", "overlayfs"), 1000), cell(cold("hello", "morsel"), 250))));
    List<Element> bars = elements(page, "rect");

    assertThat(bars).hasSize(2);
    assertThat(Double.parseDouble(bars.get(0).getAttribute("width")))
        .isCloseTo(4 * Double.parseDouble(bars.get(1).getAttribute("width")), within(0.5));
    assertThat(page.getDocumentElement().getTextContent()).contains("250 ms").contains("0.25×");
  }

  @Test
  void coldRowsReadAsMultiplesOfOverlayfsAndOfTheLimit() throws Exception {
    Document page =
        parse(
            HtmlReport.render(
                SmallResults.of(
                    cell(cold("hello", "overlayfs"), 1000),
                    cell(cold("hello", "morsel"), 300),
                    cell(cold("hello", "limit"), 200))));
    Element table = elements(elements(page, "figure").getFirst(), "table").getFirst();

    assertThat(texts(table, "th")).endsWith("× overlayfs", "× limit");
    assertThat(texts(elements(table, "tr").get(2), "td"))
        .containsExactly("hello", "morsel", "300", "300", "300", "1", "0.30×", "1.50×");
  }

  @Test
  void modelsAreDashedAndMeasuredLinesAreNot() throws Exception {
    Document page =
        parse(HtmlReport.render(SmallResults.of(fleet(1, "direct"), fleet(10, "direct"))));
    assertThat(elements(page, "path")).isNotEmpty().noneMatch(HtmlReportTest::isDashed);

    page =
        parse(
            HtmlReport.render(
                SmallResults.of(
                    fleet(1, "direct"),
                    fleet(10, "direct"),
                    fleet(100, "direct (model)"),
                    fleet(1000, "direct (model)"))));
    assertThat(elements(page, "path"))
        .anyMatch(HtmlReportTest::isDashed)
        .anyMatch(path -> path.getAttribute("class").equals("line m0"));
  }

  @Test
  void voidSamplesAreShownWithTheirReasons() throws Exception {
    Cell partly =
        Cell.of(
            cold("hello", "morsel"),
            List.of(Sample.of(1, 3), Sample.voided(2, "wrong output"), Sample.voided(3, "late")));
    Document page =
        parse(
            HtmlReport.render(
                SmallResults.of(partly, voided(cold("hello", "peer"), "it does not answer"))));

    assertThat(texts(page.getDocumentElement(), "li"))
        .contains(
            "local, hello, morsel, round 2: wrong output (total_millis)",
            "local, hello, morsel, round 3: late (total_millis)",
            "local, hello, peer, round 1: it does not answer (total_millis)");
    assertThat(texts(page.getDocumentElement(), "td"))
        .contains("round 2: wrong output; round 3: late", "round 1: it does not answer");
  }

  @Test
  void whatIsUnknownGetsABarChartAndATable() throws Exception {
    Cell odd = cell(new CellKey("odd", "n", "w", "m", "some_thing", "furlongs"), 3, 4, 5);
    Document page = parse(HtmlReport.render(SmallResults.of(odd)));

    assertThat(texts(page.getDocumentElement(), "h2")).contains("odd");
    assertThat(elements(page, "rect")).hasSize(1);
    assertThat(page.getDocumentElement().getTextContent()).contains("4 furlongs");
  }

  @Test
  void valuesThatAreOddDoNotBreakIt() throws Exception {
    List<Cell> cells = new ArrayList<>();
    double[] odd = {0, -5, 1e-9, 1e15, Double.NaN, Double.POSITIVE_INFINITY};
    for (String group : List.of("cold", "total", "steady", "scale", "fleet", "micro")) {
      for (String unit : List.of("ms", "bytes", "ratio", "s", "ns", "op/s", "")) {
        IntStream.range(0, odd.length)
            .forEach(
                i -> {
                  cells.add(
                      cell(new CellKey(group, "n", "w-" + i, "overlayfs", "m", unit), odd[i]));
                  cells.add(cell(new CellKey(group, "n", "w-" + i, "m", "m", unit), 1, odd[i]));
                });
      }
    }
    Document page = parse(HtmlReport.render(SmallResults.of(cells.toArray(Cell[]::new))));

    assertThat(elements(page, "figure")).isNotEmpty();
    for (String shape : List.of("svg", "rect", "line", "path", "text")) {
      for (Element element : elements(page, shape)) {
        for (String attribute :
            List.of("viewBox", "x", "x1", "x2", "y", "y1", "y2", "width", "d")) {
          assertThat(element.getAttribute(attribute)).doesNotContain("NaN", "Infinity");
        }
      }
    }
  }

  @Test
  void hostileTextIsOnlyText() throws Exception {
    CellKey key = new CellKey(HOSTILE, HOSTILE, HOSTILE + "-1", HOSTILE, HOSTILE, HOSTILE);
    Cell cell = Cell.of(key, List.of(Sample.of(1, 5), Sample.voided(2, HOSTILE)));
    BenchResult result =
        new BenchResult(
            BenchResult.SCHEMA,
            HOSTILE,
            HOSTILE,
            1,
            HOSTILE,
            Map.of(HOSTILE, HOSTILE),
            new Machine(HOSTILE, 1, 1, HOSTILE, HOSTILE, Map.of(HOSTILE, HOSTILE)),
            List.of(cell),
            List.of(HOSTILE));
    String html = HtmlReport.render(result);
    Document page = parse(html);

    assertThat(elements(page, "script")).isEmpty();
    assertThat(html).doesNotContain("\u0000").doesNotContain("\u202e").doesNotContain("\ufffe");
    assertThat(texts(page.getDocumentElement(), "td"))
        .contains("<script>alert(\"1\")</script>&'\\x00\ufffd\ufffd\\u202e%s");
  }

  @Test
  void needsNothingElse() {
    assertThat(HtmlReport.render(SampleResult.of(1)))
        .doesNotContainPattern("(?i)<script|<link|<img|<iframe|@import|url\\(|\\ssrc=")
        .doesNotContainPattern("href=\"(?!#)")
        .contains("name=\"viewport\"")
        .contains("prefers-color-scheme: dark");
  }

  @Test
  void anEmptyResultIsAPageToo() throws Exception {
    assertThat(elements(parse(HtmlReport.render(SmallResults.of())), "main")).hasSize(1);
  }

  private static Cell fleet(int nodes, String mode) {
    return cell(
        new CellKey("fleet", "1g", "python-" + nodes, mode, "registry_bytes", "bytes"),
        nodes * 1e6);
  }

  private static boolean isDashed(Element path) {
    return path.getAttribute("class").contains("dashed");
  }

  private static Document parse(String html) throws Exception {
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    factory.setExpandEntityReferences(false);
    return factory.newDocumentBuilder().parse(new InputSource(new StringReader(html)));
  }

  private static List<String> texts(Element in, String name) {
    return elements(in, name).stream().map(Element::getTextContent).toList();
  }

  private static List<Element> elements(Document in, String name) {
    return elements(in.getDocumentElement(), name);
  }

  private static List<Element> elements(Element in, String name) {
    NodeList nodes = in.getElementsByTagName(name);
    return IntStream.range(0, nodes.getLength()).mapToObj(i -> (Element) nodes.item(i)).toList();
  }
}

package io.morsel.bench.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.morsel.bench.result.Waterfall;
import java.io.StringReader;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

/** A start as a picture. */
final class WaterfallChartTest {
  private static final Waterfall WATERFALL =
      new Waterfall(
          "a <start> & \"more\"",
          List.of(new Waterfall.Phase("pull", 400), new Waterfall.Phase("start", 600)),
          List.of(
              new Waterfall.Request("manifest", 0, 10, 20, 20, 1_640),
              new Waterfall.Request("layer 1 from 2.5 MB", 1, 450, 500, 700, 525_000)));

  private static Document document() throws Exception {
    return DocumentBuilderFactory.newDefaultInstance()
        .newDocumentBuilder()
        .parse(new InputSource(new StringReader(WaterfallChart.svg(WATERFALL))));
  }

  private static double[] attributes(Element element, String... names) {
    double[] values = new double[names.length];
    for (int i = 0; i < names.length; i++) {
      values[i] = Double.parseDouble(element.getAttribute(names[i]));
    }
    return values;
  }

  @Test
  void isXmlWhateverTheTitle() throws Exception {
    assertThat(document().getDocumentElement().getAttribute("aria-label"))
        .isEqualTo("a <start> & \"more\"");
  }

  @Test
  void eachRequestIsAsLongAsItTook() throws Exception {
    NodeList rects = document().getElementsByTagName("rect");
    // The paper, two phases, and each request's waiting and coming.
    assertThat(rects.getLength()).isEqualTo(1 + 2 + 2 * 2);
    double perMilli = (900 - 190 - 90) / 1000.0;

    assertThat(attributes((Element) rects.item(5), "x", "width"))
        .containsExactly(new double[] {190 + 450 * perMilli, 50 * perMilli}, within());
    assertThat(attributes((Element) rects.item(6), "x", "width"))
        .containsExactly(new double[] {190 + 500 * perMilli, 200 * perMilli}, within());
    assertThat(rects.item(6).getTextContent())
        .isEqualTo("layer 1 from 2.5 MB, 525 kB: sent at 450 ms, answered from 500 to 700 ms");
  }

  private static Offset<Double> within() {
    return Offset.offset(0.06);
  }
}

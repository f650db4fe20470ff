package io.morsel.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.dataformat.toml.TomlFactory;
import tools.jackson.dataformat.toml.TomlMapper;

/** Trees are those that Jackson's mappers make, and are written as those write them. */
final class JsonTreeTest {
  private static final JsonFactory JSON = new JsonFactory();
  private static final String DOCUMENT =
      "{\"a\":[1,-2147483649,92233720368547758080,true,false,null,\"\\u0000\\\"ü\",[],{}],"
          + "\"b\":{\"c\":{\"d\":\"\"}},\"\":0}";

  private static JsonNode read(String text) {
    try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), text)) {
      return JsonTree.read(parser);
    }
  }

  private static String write(JsonNode node) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), text)) {
      JsonTree.write(json, node);
    }
    return text.toString();
  }

  @Test
  void treeIsThatOfAMapper() {
    JsonMapper mapper = new JsonMapper();
    JsonNode tree = read(DOCUMENT);
    assertThat(tree).isEqualTo(mapper.readTree(DOCUMENT));
    assertThat(write(tree)).isEqualTo(mapper.writeValueAsString(tree));
    assertThat(read(write(tree))).isEqualTo(tree);
  }

  @Test
  void fractionsKeepTheirDigits() {
    assertThat(write(read("[0.10,1e400]"))).isEqualTo("[0.10,1E+400]");
  }

  @Test
  void nothingIsMissing() {
    assertThat(read("").isMissingNode()).isTrue();
    assertThat(read(" null ").isNull()).isTrue();
  }

  @Test
  void malformedDocumentsAreRefused() {
    for (String text : new String[] {"{", "[1", "{\"a\"}", "[1,]", "{} {}", "1 2", "{}]"}) {
      assertThatThrownBy(() -> read(text)).as(text).isInstanceOf(JacksonException.class);
    }
  }

  @Test
  void whatIsNoJsonIsNotWritten() {
    assertThatThrownBy(() -> write(JsonNodeFactory.instance.pojoNode(this)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void tomlIsThatOfAMapper() {
    String toml = "a = 1\nb = \"x\"\nc = [true, 2]\n[d.\"e.f\"]\ng = 1979-05-27\nh = 0.5\n";
    try (JsonParser parser = new TomlFactory().createParser(ObjectReadContext.empty(), toml)) {
      JsonNode tree = JsonTree.read(parser);
      JsonNode expected = new TomlMapper().readTree(toml);
      assertThat(tree.toString()).isEqualTo(expected.toString());
      assertThat(tree.get("a")).isEqualTo(expected.get("a"));
    }
  }
}

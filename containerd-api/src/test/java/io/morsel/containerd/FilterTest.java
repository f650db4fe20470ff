package io.morsel.containerd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class FilterTest {
  private static final Map<String, String> OBJECT =
      Map.of(
          "name", "foo",
          "size", "12",
          "labels.bar", "true",
          "labels.a b", "x,y",
          "labels.containerd.io/x", "a.b=c",
          "labels.umlaut", "ä\n");

  @ParameterizedTest
  @CsvSource(
      delimiter = '`',
      quoteCharacter = '\0',
      value = {
        "name` true",
        "other` false",
        "name==foo` true",
        "name==fo` false",
        "name!=fo` true",
        "other!=x` true",
        "other==x` false",
        "name~=^f` true",
        "name~=/o{2}$/` true",
        "name~=|^x|` false",
        "name~=\"f.o\"` true",
        "name~=[` false",
        "name~=|^[[:alpha:]]+$|` true",
        "name~=|(?P<x>fo)o|` true",
        "name~=|(?=foo)|` false",
        "name==foo,size==12` true",
        "name==foo,size==13` false",
        "name == foo, size` true",
        "labels.bar` true",
        "labels.\"a b\"==\"x,y\"` true",
        "labels.\"containerd.io/x\"==a.b=c` true",
        "labels.containerd` false",
        "labels.umlaut==\"\\u00e4\\n\"` true",
        "labels.umlaut==\"\\xc3\\xa4\\012\"` true",
        "name==\"f\\x6fo\"` true",
        "\"name\"==foo` true",
      })
  void matches(String filter, boolean expected) throws Exception {
    Filter parsed = Filter.parse(List.of(filter));
    assertThat(parsed.matches(path -> OBJECT.get(String.join(".", path)))).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        ",",
        "name,",
        ".name",
        "name.",
        "name=foo",
        "name===foo",
        "name==",
        "name!foo",
        "name==,x",
        "name==\"a",
        "name==\"\\q\"",
        "name==\"\\400\"",
        "name==\"\\xg0\"",
        "name==/a/",
        "/a/==b",
        "name==foo bar",
        "name==foo ",
        "name foo",
        "na\0me",
        "name==\"\n\"",
        "ä==b",
        "name==\"\\U00110000\""
      })
  void brokenSyntaxIsRefused(String filter) {
    assertThatThrownBy(() -> Filter.parse(List.of(filter)))
        .isInstanceOfSatisfying(
            ContainerdException.class,
            e -> assertThat(e.errorClass()).isEqualTo(ErrorClass.INVALID_ARGUMENT))
        .hasMessageContaining("filters: parse error");
    assertThatThrownBy(() -> Filter.parse(List.of("", filter)))
        .isInstanceOf(ContainerdException.class);
  }

  @Test
  void noFilterAndEmptyFilterSelectEverything() throws Exception {
    assertThat(Filter.parse(List.of()).matches(path -> null)).isTrue();
    assertThat(Filter.parse(List.of("name==x", "")).matches(path -> null)).isTrue();
    assertThat(Filter.parse(List.of("name==x", "name==y")).matches(path -> "y")).isTrue();
  }

  /** Whatever the text is quoted to, the selector holds for it, and for nothing else. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void quotedTextComesBack(long seed) throws Exception {
    Random random = new Random(seed);
    for (int i = 0; i < 500; i++) {
      StringBuilder text = new StringBuilder();
      StringBuilder quoted = new StringBuilder();
      random
          .ints(random.nextInt(8), 1, 0x250)
          .forEach(
              c -> {
                text.appendCodePoint(c);
                quoted.append(
                    c == '"' || c == '\\' || c == '\n' || random.nextBoolean()
                        ? String.format("\\u%04x", c)
                        : Character.toString(c));
              });
      String expected = text.toString();
      Filter filter = Filter.parse(List.of("name==\"" + quoted + "\""));
      assertThat(filter.matches(path -> expected)).as("seed %s: %s", seed, quoted).isTrue();
      assertThat(filter.matches(path -> expected + "x")).isFalse();
    }
  }
}

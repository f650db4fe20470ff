package io.morsel.snapshotter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class MorselConfigTest {
  private static final String FILE = "/etc/morsel/config.toml";

  @Test
  void valuesAreRead() throws Exception {
    MorselConfig config =
        MorselConfig.parse(
            """
            root = "/data/morsel"
            [fetch]
            prefetch = false
            max_requests = 3
            [registry]
            plain_http_hosts = ["a:5000", "b"]
            """,
            FILE);
    assertThat(config.get(ConfigKeys.ROOT)).isEqualTo(Path.of("/data/morsel"));
    assertThat(config.fetch().prefetch()).isFalse();
    assertThat(config.fetch().maxRequests()).isEqualTo(3);
    assertThat(config.fetch().backgroundFill()).isTrue();
    assertThat(config.registry("1").plainHttpHosts()).containsExactlyInAnyOrder("a:5000", "b");
    assertThat(config.get(ConfigKeys.ADDRESS)).isEqualTo(ConfigKeys.ADDRESS.defaultValue());
  }

  @Test
  void mirrorsAreLookedForWhereContainerdHasThem() throws ConfigException {
    assertThat(MorselConfig.defaults().registry("1").hostsDirectory())
        .isEqualTo(Path.of("/etc/containerd/certs.d"));
    MorselConfig none = MorselConfig.parse("[registry]\nconfig_path = \"\"\n", FILE);
    assertThat(none.registry("1").hostsDirectory()).isNull();
    MorselConfig other = MorselConfig.parse("[registry]\nconfig_path = \"/srv/hosts\"\n", FILE);
    assertThat(other.registry("1").hostsDirectory()).isEqualTo(Path.of("/srv/hosts"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "[fetch] ; max_request = 3 | unknown key fetch.max_request; did you mean fetch.max_requests?",
        "rooot = 1 | unknown key rooot; did you mean root?",
        "[fetsch] ; prefetch = true | unknown section [fetsch]; did you mean [fetch]?",
        "[fetch] ; max_requests = \"many\" | fetch.max_requests = \"many\": expected a whole number from 1 to 256",
        "[fetch] ; max_requests = 0 | fetch.max_requests = 0: expected",
        "[fetch] ; max_requests = 1.5 | expected a whole number",
        "[fetch] ; max_requests = 99999999999999999999 | expected a whole number",
        "[fetch] ; prefetch = 1 | fetch.prefetch = 1: expected true or false",
        "[log] ; level = \"loud\" | expected one of \"error\", \"warn\"",
        "root = \"relative\" | expected an absolute path",
        "fetch = 3 | fetch must be a section",
        "[fetch.deep] ; x = 1 | unknown key fetch.deep",
        "[registry] ; plain_http_hosts = \"a\" | expected a list",
        "[registry] ; config_path = \"certs.d\" | expected an absolute path",
        "[metrics] ; address = \"nowhere\" | \"host:port\"",
        "root = | not valid TOML",
      })
  void whatIsNotValidIsNamed(String toml, String message) {
    assertThatThrownBy(() -> MorselConfig.parse(toml.replace(" ; ", "\n"), FILE))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith(FILE)
        .hasMessageContaining(message);
  }

  @Test
  void printedDefaultsAreValidAndChangeNothing() throws Exception {
    String printed = MorselConfig.defaults().toToml();
    MorselConfig.parse(printed, FILE);
    String uncommented = printed.replaceAll("(?m)^#(\\w)", "$1");
    MorselConfig config = MorselConfig.parse(uncommented, FILE);
    for (ConfigKey<?> key : ConfigKeys.ALL) {
      assertThat(uncommented).contains("\n" + key.name() + " = ");
      assertThat((Object) config.get(key)).as(key.path()).isEqualTo(key.defaultValue());
    }
  }

  @Test
  void changedValuesArePrintedAndReadBack() throws Exception {
    MorselConfig changed =
        MorselConfig.defaults()
            .with(ConfigKeys.ROOT, Path.of("/a \"b\"\\c"))
            .with(ConfigKeys.REGISTRY_PLAIN_HTTP_HOSTS, List.of("x:1", "y"));
    MorselConfig read = MorselConfig.parse(changed.toToml(), FILE);
    assertThat(read.get(ConfigKeys.ROOT)).isEqualTo(Path.of("/a \"b\"\\c"));
    assertThat(read.get(ConfigKeys.REGISTRY_PLAIN_HTTP_HOSTS)).containsExactly("x:1", "y");
  }

  @Test
  void everyKeyIsInTheTableOnceAndDocumented() throws Exception {
    assertThat(ConfigKeys.ALL).extracting(ConfigKey::path).doesNotHaveDuplicates();
    for (ConfigKey<?> key : ConfigKeys.ALL) {
      assertThat(MorselConfig.toMarkdown()).contains("`" + key.path() + "`", key.meaning());
    }
    for (var field : ConfigKeys.class.getFields()) {
      if (field.get(null) instanceof ConfigKey<?> key) {
        assertThat(ConfigKeys.ALL).contains(key);
      }
    }
  }
}

package io.morsel.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DockerConfigCredentialsTest {
  @TempDir Path directory;

  private Credential find(String json, String registry) throws IOException {
    Path file = Files.writeString(directory.resolve("config.json"), json);
    CredentialHelper helper = new CredentialHelper(directory.toString(), Duration.ofSeconds(2));
    return new DockerConfigCredentials(file, helper).find(registry);
  }

  private void helper(String name, String script) throws IOException {
    Path file = directory.resolve("docker-credential-" + name);
    Files.writeString(file, "#!/bin/sh\n" + script + "\n");
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }

  @Test
  void everyFormOfLoginIsRead() throws IOException {
    String json =
        """
        {"auths": {"a": {"auth": "dTpwOnE="}, "https://b/v1/": {"username": "u", "password": "p"},
         "https://index.docker.io/v1/": {"identitytoken": "t"}, "e": {}}}
        """;
    assertThat(find(json, "a")).isEqualTo(new Credential.UserPassword("u", "p:q"));
    assertThat(find(json, "b")).isEqualTo(new Credential.UserPassword("u", "p"));
    assertThat(find(json, "docker.io")).isEqualTo(new Credential.IdentityToken("t"));
    assertThat(find(json, "e")).isEqualTo(new Credential.Anonymous());
    assertThat(find(json, "a.evil")).isEqualTo(new Credential.Anonymous());
    assertThat(find(json, "a").toString()).doesNotContain("p:q");
  }

  @Test
  void helpersAreAsked() throws IOException {
    helper(
        "good",
        "read -r server; echo \"{\\\"ServerURL\\\":\\\"$server\\\",\\\"Username\\\":\\\"u\\\","
            + "\\\"Secret\\\":\\\"for $server\\\"}\"");
    helper("none", "echo 'credentials not found in native keychain'; exit 1");
    String json =
        "{\"credHelpers\":{\"a\":\"good\"},\"credsStore\":\"none\","
            + "\"auths\":{\"b\":{\"auth\":\"dTpw\"}}}";
    assertThat(find(json, "a")).isEqualTo(new Credential.UserPassword("u", "for a"));
    assertThat(find(json, "b")).isEqualTo(new Credential.UserPassword("u", "p"));
  }

  @Test
  void failuresNeverShowSecrets() throws IOException {
    helper("slow", "exec sleep 60");
    helper("bad", "echo hunter2; exit 3");
    assertThatThrownBy(() -> find("{\"credsStore\":\"slow\"}", "a"))
        .hasMessageContaining("did not answer in 2 s");
    assertThatThrownBy(() -> find("{\"credsStore\":\"bad\"}", "a"))
        .hasMessageNotContaining("hunter2");
    assertThatThrownBy(() -> find("{\"credsStore\":\"../bad\"}", "a"))
        .hasMessageContaining("malformed");
    assertThatThrownBy(() -> find("{\"auths\":{\"a\":{\"auth\":\"hunter2!\"}}}", "a"))
        .hasMessageNotContaining("hunter2");
    assertThatThrownBy(() -> find("{\"auths\":hunter2", "a"))
        .hasMessageNotContaining("hunter2")
        .hasNoCause();
  }

  @Test
  void missingFileHasNoCredentials() throws IOException {
    assertThat(new DockerConfigCredentials(directory.resolve("no")).find("a"))
        .isEqualTo(new Credential.Anonymous());
  }
}

package io.morsel.runtime.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

final class UserDatabaseTest {
  private static final UserDatabase USERS =
      UserDatabase.parse(
          """
          root:x:0:0:root:/root:/bin/sh
          broken line
          alice:x:1000:1001:a:/home/alice:/bin/sh
          :x:notanumber:1::
          big:x:4294967295:5:::
          toobig:x:4294967296:5:::
          """
              .getBytes(UTF_8),
          """
          root:x:0:
          alice:x:1001:alice
          wheel:x:10:alice,root
          games:x:60:alice
          nobody
          """
              .getBytes(UTF_8));

  private static final UserDatabase EMPTY = UserDatabase.parse(new byte[0], new byte[0]);

  @Test
  void rootIsTheDefaultWithItsGroups() throws SpecException {
    assertThat(USERS.find("")).isEqualTo(new Identity(0, 0, List.of(0L, 10L)));
    assertThat(EMPTY.find("")).isEqualTo(new Identity(0, 0, List.of(0L)));
  }

  @Test
  void byNameOrNumberTheGroupsAreTheSame() throws SpecException {
    Identity alice = new Identity(1000, 1001, List.of(1001L, 10L, 60L));
    assertThat(USERS.find("alice")).isEqualTo(alice);
    assertThat(USERS.find("1000")).isEqualTo(alice);
  }

  @Test
  void aGroupCanBeGiven() throws SpecException {
    assertThat(USERS.find("alice:games")).isEqualTo(new Identity(1000, 60, List.of(10L, 60L)));
    assertThat(USERS.find("7:8")).isEqualTo(new Identity(7, 8, List.of(8L)));
    assertThat(EMPTY.find("7")).isEqualTo(new Identity(7, 0, List.of(0L)));
  }

  @Test
  void numbersAreThoseOfLinux() throws SpecException {
    assertThat(USERS.find("4294967295").gid()).isEqualTo(5);
    assertThatThrownBy(() -> USERS.find("4294967296")).isInstanceOf(SpecException.class);
    assertThatThrownBy(() -> USERS.find("toobig")).isInstanceOf(SpecException.class);
  }

  @Test
  void whoIsNotThereIsSaid() {
    assertThatThrownBy(() -> USERS.find("bob")).hasMessageContaining("no user 'bob'");
    assertThatThrownBy(() -> USERS.find("alice:none")).hasMessageContaining("no group 'none'");
    assertThatThrownBy(() -> USERS.find("a:b:c")).hasMessageContaining("malformed user");
    assertThatThrownBy(() -> USERS.find(":1")).hasMessageContaining("malformed user");
  }
}

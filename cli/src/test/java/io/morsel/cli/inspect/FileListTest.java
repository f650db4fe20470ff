package io.morsel.cli.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class FileListTest {
  @ParameterizedTest
  @CsvSource({
    "100644, -rw-r--r--",
    "040755, drwxr-xr-x",
    "041777, drwxrwxrwt",
    "041776, drwxrwxrwT",
    "104755, -rwsr-xr-x",
    "104644, -rwSr--r--",
    "102755, -rwxr-sr-x",
    "120777, lrwxrwxrwx",
    "020600, crw-------",
    "060660, brw-rw----",
    "010600, prw-------",
  })
  void modesReadAsLsWritesThem(String octal, String shown) {
    assertThat(FileList.mode(Integer.parseInt(octal, 8))).isEqualTo(shown);
  }
}

package io.morsel.bench;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** The bench's packages among each other, and that nothing that is shipped needs them. */
final class BenchHouseTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .withImportOption(location -> !location.contains("/jmh_generated/"))
          .importPackages("io.morsel");

  @Test
  void nothingThatIsShippedNeedsTheBench() {
    assertThat(CLASSES.getPackage("io.morsel").getSubpackages())
        .extracting(JavaPackage::getRelativeName)
        .contains("bench", "cli", "snapshotter");
    noClasses()
        .that()
        .resideOutsideOfPackage("io.morsel.bench..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("io.morsel.bench..")
        .check(CLASSES);
  }

  @Test
  void packagesHaveNoCycles() {
    slices()
        .matching("io.morsel.bench.(**)")
        .namingSlices("io.morsel.bench.$1")
        .should()
        .beFreeOfCycles()
        .check(CLASSES);
  }

  @Test
  void everyPackageIsNullMarked() {
    List<String> unmarked = new ArrayList<>();
    for (JavaPackage each : CLASSES.getPackage("io.morsel.bench").getSubpackagesInTree()) {
      if (!each.getClasses().isEmpty() && !each.isAnnotatedWith(NullMarked.class)) {
        unmarked.add(each.getName());
      }
    }
    assertThat(unmarked).isEmpty();
  }
}

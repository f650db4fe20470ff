package io.morsel.cli;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.morsel.stargz.LayerFormatException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** The arrows between the modules, as docs/architecture.md draws them. */
final class HouseTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          // Generated, and more than everything else together.
          .withImportOption(location -> !location.contains("/io/morsel/containerd/api/"))
          .withImportOption(location -> !location.contains("/jmh_generated/"))
          .importPackages("io.morsel");

  @Test
  void everyModuleIsSeen() {
    assertThat(CLASSES.getPackage("io.morsel").getSubpackages())
        .extracting(JavaPackage::getRelativeName)
        .contains(
            "cli",
            "runtime",
            "shim",
            "ttrpc",
            "snapshotter",
            "fuse",
            "prefetch",
            "containerd",
            "registry",
            "stargz");
  }

  @Test
  void arrowsPointDown() {
    layeredArchitecture()
        .consideringOnlyDependenciesInLayers()
        .layer("cli")
        .definedBy("io.morsel.cli..")
        .layer("runtime")
        .definedBy("io.morsel.runtime..")
        .layer("shim")
        .definedBy("io.morsel.shim..")
        .layer("ttrpc")
        .definedBy("io.morsel.ttrpc..")
        .layer("snapshotter")
        .definedBy("io.morsel.snapshotter..")
        .layer("fuse-fs")
        .definedBy("io.morsel.fuse..")
        .layer("prefetch")
        .definedBy("io.morsel.prefetch..")
        .layer("containerd-api")
        .definedBy("io.morsel.containerd..")
        .layer("registry-client")
        .definedBy("io.morsel.registry..")
        .layer("stargz-reader")
        .definedBy("io.morsel.stargz..")
        .whereLayer("cli")
        .mayNotBeAccessedByAnyLayer()
        .whereLayer("runtime")
        .mayOnlyBeAccessedByLayers("cli")
        .whereLayer("shim")
        .mayOnlyBeAccessedByLayers("runtime")
        .whereLayer("ttrpc")
        .mayOnlyBeAccessedByLayers("runtime", "shim")
        .whereLayer("snapshotter")
        .mayOnlyBeAccessedByLayers("cli", "runtime")
        .whereLayer("fuse-fs")
        .mayOnlyBeAccessedByLayers("cli", "snapshotter")
        .whereLayer("prefetch")
        .mayOnlyBeAccessedByLayers("cli", "snapshotter", "fuse-fs")
        .whereLayer("containerd-api")
        .mayOnlyBeAccessedByLayers("cli", "runtime", "shim", "snapshotter")
        .whereLayer("registry-client")
        .mayOnlyBeAccessedByLayers("cli", "runtime", "snapshotter", "fuse-fs", "prefetch")
        .whereLayer("stargz-reader")
        .mayOnlyBeAccessedByLayers("cli", "runtime", "snapshotter", "fuse-fs", "prefetch")
        .check(CLASSES);
  }

  @Test
  void packagesHaveNoCycles() {
    slices()
        .matching("io.morsel.(**)")
        .namingSlices("io.morsel.$1")
        .should()
        .beFreeOfCycles()
        // The one exception by which the whole library refuses a layer, its EROFS part included.
        .ignoreDependency(
            resideInAPackage("io.morsel.stargz.erofs"),
            assignableTo(LayerFormatException.class)
                .or(assignableTo(LayerFormatException.Kind.class)))
        .check(CLASSES);
  }

  @Test
  void everyPackageIsNullMarked() {
    List<String> unmarked = new ArrayList<>();
    for (JavaPackage each : CLASSES.getPackage("io.morsel").getSubpackagesInTree()) {
      // Generated packages are here as far as others refer to them.
      boolean own =
          !each.getName().startsWith("io.morsel.containerd.api")
              && !each.getName().equals("io.morsel.ttrpc.wire");
      if (own && !each.getClasses().isEmpty() && !each.isAnnotatedWith(NullMarked.class)) {
        unmarked.add(each.getName());
      }
    }
    assertThat(unmarked).isEmpty();
  }
}

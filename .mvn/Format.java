import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.ImportOrderer;
import com.google.googlejavaformat.java.JavaFormatterOptions;
import com.google.googlejavaformat.java.RemoveUnusedImports;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Formats or checks every Java source of the project with google-java-format.
 *
 * <p>A program of its own, because the formatter parses with the compiler of the JVM that it runs
 * on, and Maven's may be older than the language used here.
 */
final class Format {
  public static void main(String[] args) throws Exception {
    boolean apply =
        switch (args[0]) {
          case "apply" -> true;
          case "check" -> false;
          case "skip" -> {
            System.exit(0);
            yield false;
          }
          default -> throw new IllegalArgumentException("-Dformat takes check, apply or skip");
        };
    Path root = Path.of(args[1]);
    List<Path> sources;
    try (var paths = Files.walk(root)) {
      sources =
          paths
              .filter(p -> p.toString().endsWith(".java"))
              .filter(p -> p.toString().contains("/src/") && !p.toString().contains("/target/"))
              .sorted()
              .toList();
    }
    List<Path> wrong = new ArrayList<>();
    for (Path source : sources) {
      String before = Files.readString(source);
      String after;
      try {
        after =
            new Formatter(JavaFormatterOptions.defaultOptions())
                .formatSource(
                    RemoveUnusedImports.removeUnusedImports(
                        ImportOrderer.reorderImports(before, JavaFormatterOptions.Style.GOOGLE)));
      } catch (Exception e) {
        System.err.println("format: " + root.relativize(source) + ": " + e.getMessage());
        wrong.add(source);
        continue;
      }
      if (!after.equals(before)) {
        if (apply) {
          Files.writeString(source, after);
          System.out.println("formatted " + root.relativize(source));
        } else {
          wrong.add(source);
        }
      }
    }
    if (!wrong.isEmpty()) {
      wrong.forEach(p -> System.err.println("format: " + root.relativize(p)));
      System.err.println(
          wrong.size() + " file(s) not formatted; run: mvn -N initialize -Dformat=apply");
      System.exit(1);
    }
  }
}

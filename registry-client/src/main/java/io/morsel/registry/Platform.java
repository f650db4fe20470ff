package io.morsel.registry;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What an image's programs run on, in the normal form of containerd's platforms package: lower
 * case, Go's names, and no variant where it is the architecture's default.
 *
 * @param os the operating system, such as {@code linux}
 * @param architecture the processor, such as {@code amd64} or {@code arm64}
 * @param variant the processor's variant, such as {@code v7}; empty for the default
 */
public record Platform(String os, String architecture, String variant) {
  /** Normalises the parts: {@code x86_64} becomes {@code amd64}, {@code arm64/v8} loses its v8. */
  public Platform {
    os = normalOs(os.toLowerCase(Locale.ROOT));
    String arch = architecture.toLowerCase(Locale.ROOT);
    String given = variant.toLowerCase(Locale.ROOT);
    switch (arch) {
      case "i386", "x86", "i686" -> {
        arch = "386";
        given = "";
      }
      case "x86_64", "x86-64", "amd64" -> {
        arch = "amd64";
        given = given.equals("v1") ? "" : given;
      }
      case "aarch64", "arm64" -> {
        arch = "arm64";
        given = given.equals("8") || given.equals("v8") || given.equals("v8.0") ? "" : given;
      }
      case "armhf" -> {
        arch = "arm";
        given = "v7";
      }
      case "armel" -> {
        arch = "arm";
        given = "v6";
      }
      case "arm" ->
          given =
              switch (given) {
                case "", "7" -> "v7";
                case "5", "6", "8" -> "v" + given;
                default -> given;
              };
      default -> {}
    }
    architecture = arch;
    variant = given;
  }

  /** The platform that this program runs on. */
  public static Platform current() {
    String os = System.getProperty("os.name", "linux");
    return new Platform(
        os.startsWith("Windows") ? "windows" : os.startsWith("Mac") ? "darwin" : os,
        System.getProperty("os.arch", "amd64"),
        "");
  }

  /**
   * Reads {@code os/architecture[/variant]}, such as {@code linux/arm/v7}.
   *
   * @throws IllegalArgumentException if it has not that form
   */
  public static Platform parse(String text) {
    String[] parts = text.split("/", -1);
    boolean good = parts.length == 2 || parts.length == 3;
    for (String part : parts) {
      good &= !part.isEmpty() && part.length() <= 64 && isPart(part);
    }
    if (!good) {
      throw new IllegalArgumentException(
          "malformed platform '"
              + Texts.shown(text)
              + "': expected OS/ARCHITECTURE[/VARIANT], such as linux/amd64");
    }
    return new Platform(parts[0], parts[1], parts.length == 3 ? parts[2] : "");
  }

  /**
   * The platforms whose programs this one runs, best first: itself, lower variants, and the 32-bit
   * architecture below it, as containerd chooses.
   */
  public List<Platform> candidates() {
    List<Platform> candidates = new ArrayList<>();
    candidates.add(this);
    switch (architecture) {
      case "amd64" -> {
        for (int level = variantNumber() - 1; level >= 1; level--) {
          candidates.add(new Platform(os, "amd64", "v" + level));
        }
        candidates.add(new Platform(os, "386", ""));
      }
      case "arm64" -> {
        for (int level = variantNumber() - 1; level >= 8; level--) {
          candidates.add(new Platform(os, "arm64", "v" + level));
        }
        for (int level = 8; level >= 5; level--) {
          candidates.add(new Platform(os, "arm", "v" + level));
        }
      }
      case "arm" -> {
        for (int level = variantNumber() - 1; level >= 5; level--) {
          candidates.add(new Platform(os, "arm", "v" + level));
        }
      }
      default -> {}
    }
    return List.copyOf(candidates);
  }

  /** Whether this platform runs programs made for the other one. */
  public boolean runs(Platform other) {
    return candidates().contains(other);
  }

  /**
   * Those manifests that are named for a platform whose programs this one runs, the best first, and
   * the earlier one of equals.
   */
  public List<Descriptor> suited(List<Descriptor> manifests) {
    List<Descriptor> suited = new ArrayList<>();
    for (Platform candidate : candidates()) {
      for (Descriptor manifest : manifests) {
        if (candidate.equals(manifest.platform())) {
          suited.add(manifest);
        }
      }
    }
    return suited;
  }

  /** The spelling that {@link #parse} reads. */
  @Override
  public String toString() {
    return os + "/" + architecture + (variant.isEmpty() ? "" : "/" + variant);
  }

  /** The variant's number; 0 where there is none, or none within reason. */
  private int variantNumber() {
    boolean small =
        variant.length() == 2 && variant.charAt(0) == 'v' && Texts.isDigit(variant.charAt(1));
    return small ? variant.charAt(1) - '0' : 0;
  }

  private static String normalOs(String os) {
    return os.equals("macos") ? "darwin" : os;
  }

  private static boolean isPart(String part) {
    return part.chars()
        .allMatch(c -> Texts.isAlphanumeric((char) c) || c == '_' || c == '-' || c == '.');
  }

  // Spelled out, as hashCode below: what the virtual machine would make of a record's components it
  // makes anew in each process that compares two, and that takes longer than all a client does
  // here.
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Platform platform
        && os.equals(platform.os)
        && architecture.equals(platform.architecture)
        && variant.equals(platform.variant);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * os.hashCode() + architecture.hashCode()) + variant.hashCode();
  }
}

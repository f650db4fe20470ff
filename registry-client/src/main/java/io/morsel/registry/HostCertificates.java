package io.morsel.registry;

import io.morsel.registry.HostConnection.ClientKey;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Reads the certificates and keys that a {@code hosts.toml} names, or that lie in its place. */
final class HostCertificates {
  private static final int MAX_FILE_BYTES = 1 << 20;
  private static final int MAX_FILES = 100;

  private final Path file;

  /** Of this {@code hosts.toml}. */
  HostCertificates(Path file) {
    this.file = file;
  }

  /** What {@code ca} names: a file, or several. */
  List<X509Certificate> authorities(@Nullable JsonNode node, String key) throws RegistryException {
    List<X509Certificate> found = new ArrayList<>();
    for (String name : node == null ? List.<String>of() : strings(file, node, key)) {
      found.addAll(authority(path(name, key), key));
    }
    return found;
  }

  /** What {@code client} names: files that hold both, or pairs of a certificate and its key. */
  List<ClientKey> keys(@Nullable JsonNode node, String key) throws RegistryException {
    List<ClientKey> found = new ArrayList<>();
    if (node == null) {
      return found;
    }
    for (JsonNode entry : node.isArray() ? node : List.of(node)) {
      List<String> names = strings(file, entry, key);
      if (names.isEmpty() || names.size() > 2 || found.size() == MAX_FILES) {
        throw HostsFile.malformed(
            file, key + ": expected a file, a list of files, or a list of pairs of files");
      }
      Path certificate = path(names.getFirst(), key);
      String second = names.getLast();
      boolean pair = names.size() == 2 && !second.isEmpty();
      found.add(key(certificate, pair ? path(second, key) : certificate, key));
    }
    return found;
  }

  /**
   * What lies in the directory where it has no {@code hosts.toml}, by the names that Docker has for
   * it: {@code *.crt} are authorities, {@code *.cert} and {@code *.key} are the client's own.
   */
  HostConnection byName(Path directory) throws RegistryException {
    List<X509Certificate> authorities = new ArrayList<>();
    List<ClientKey> keys = new ArrayList<>();
    List<Path> files = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, "*.{crt,cert}")) {
      for (Path entry : entries) {
        if (files.size() == MAX_FILES) {
          throw HostsFile.malformed(directory, "more than " + MAX_FILES + " certificates");
        }
        files.add(entry);
      }
    } catch (IOException e) {
      throw HostsFile.unreadable(directory, "can't be listed", e);
    }
    files.sort(null);
    for (Path each : files) {
      String name = each.getFileName().toString();
      if (name.endsWith(".crt")) {
        authorities.addAll(authority(each, name));
      } else {
        String stem = name.substring(0, name.length() - ".cert".length());
        keys.add(key(each, directory.resolve(stem + ".key"), name));
      }
    }
    return new HostConnection(authorities, keys, false, null);
  }

  private List<X509Certificate> authority(Path path, String key) throws RegistryException {
    try {
      List<X509Certificate> certificates = Pem.parse(read(path, key)).certificates();
      if (certificates.isEmpty()) {
        throw new GeneralSecurityException("no certificate in it");
      }
      return certificates;
    } catch (GeneralSecurityException e) {
      throw unusable(path, key, e);
    }
  }

  private ClientKey key(Path certificate, Path privateKey, String key) throws RegistryException {
    Path reading = certificate;
    try {
      List<X509Certificate> chain = Pem.parse(read(certificate, key)).certificates();
      if (chain.isEmpty()) {
        throw new GeneralSecurityException("no certificate in it");
      }
      reading = privateKey;
      return new ClientKey(chain, Pem.parse(read(privateKey, key)).privateKey());
    } catch (GeneralSecurityException e) {
      throw unusable(reading, key, e);
    }
  }

  private byte[] read(Path path, String key) throws RegistryException {
    try (InputStream in = Files.newInputStream(path)) {
      byte[] content = in.readNBytes(MAX_FILE_BYTES + 1);
      if (content.length > MAX_FILE_BYTES) {
        throw HostsFile.malformed(file, key + ": " + path + " is larger than 1 MiB");
      }
      return content;
    } catch (RegistryException e) {
      throw e;
    } catch (IOException e) {
      throw HostsFile.unreadable(file, key + ": " + path + " can't be read", e);
    }
  }

  private Path path(String name, String key) throws RegistryException {
    try {
      return file.resolveSibling(name);
    } catch (InvalidPathException e) {
      throw HostsFile.malformed(file, key + ": '" + Texts.shown(name) + "' is no path");
    }
  }

  private RegistryException unusable(Path path, String key, GeneralSecurityException e) {
    return HostsFile.malformed(
        file, key + ": " + path + " can't be used: " + Texts.shown(String.valueOf(e.getMessage())));
  }

  /** A text, or a list of texts. */
  static List<String> strings(Path file, JsonNode node, String key) throws RegistryException {
    List<String> found = new ArrayList<>();
    for (JsonNode each : node.isArray() ? node : List.of(node)) {
      if (!each.isString() || found.size() == MAX_FILES) {
        throw HostsFile.malformed(
            file, key + ": expected text in quotes, or a list of up to " + MAX_FILES);
      }
      found.add(each.stringValue());
    }
    return found;
  }
}

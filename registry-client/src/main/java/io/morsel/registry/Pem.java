package io.morsel.registry;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** Certificates and keys in text (RFC 7468). */
final class Pem {
  private static final String BEGIN = "-----BEGIN ";
  private static final String END = "-----END ";
  private static final String DASHES = "-----";
  private static final int MAX_BLOCKS = 1_000;

  /**
   * A block.
   *
   * @param label what it is, such as CERTIFICATE
   * @param base64 its content
   */
  private record Block(String label, String base64) {
    byte[] content() throws GeneralSecurityException {
      try {
        return Base64.getMimeDecoder().decode(base64);
      } catch (IllegalArgumentException e) {
        // Without the cause, which may quote a key.
        throw new GeneralSecurityException("a PEM block that is no base64");
      }
    }

    @Override
    public String toString() {
      return "Block[" + label + "]";
    }
  }

  private final List<Block> blocks;

  private Pem(List<Block> blocks) {
    this.blocks = blocks;
  }

  /**
   * Reads all blocks of a text; what is between them is passed over.
   *
   * @throws GeneralSecurityException if one is malformed
   */
  static Pem parse(byte[] content) throws GeneralSecurityException {
    String text = new String(content, StandardCharsets.ISO_8859_1);
    List<Block> blocks = new ArrayList<>();
    int position = 0;
    while (true) {
      int begin = text.indexOf(BEGIN, position);
      if (begin < 0) {
        return new Pem(blocks);
      }
      int labelEnd = text.indexOf(DASHES, begin + BEGIN.length());
      int end = labelEnd < 0 ? -1 : text.indexOf(END, labelEnd);
      if (end < 0 || blocks.size() == MAX_BLOCKS) {
        throw new GeneralSecurityException("a PEM block that does not end, or too many of them");
      }
      String label = text.substring(begin + BEGIN.length(), labelEnd);
      blocks.add(new Block(label, text.substring(labelEnd + DASHES.length(), end)));
      position = end + END.length();
    }
  }

  /** All certificates, in the order of the text. */
  List<X509Certificate> certificates() throws GeneralSecurityException {
    CertificateFactory factory = CertificateFactory.getInstance("X.509");
    List<X509Certificate> certificates = new ArrayList<>();
    for (Block block : blocks) {
      if (block.label().equals("CERTIFICATE")) {
        certificates.add(
            (X509Certificate)
                factory.generateCertificate(new ByteArrayInputStream(block.content())));
      }
    }
    return certificates;
  }

  /**
   * The first private key.
   *
   * @throws GeneralSecurityException if there is none of a form and algorithm that can be read
   */
  PrivateKey privateKey() throws GeneralSecurityException {
    for (Block block : blocks) {
      switch (block.label()) {
        case "PRIVATE KEY" -> {
          return pkcs8(block.content());
        }
        case "RSA PRIVATE KEY" -> {
          return pkcs8(DerKeys.pkcs8OfRsa(block.content()));
        }
        case "EC PRIVATE KEY" -> {
          return pkcs8(DerKeys.pkcs8OfEc(block.content()));
        }
        default -> {
          if (block.label().endsWith("PRIVATE KEY")) {
            throw new GeneralSecurityException(
                "a key in the form '"
                    + Texts.shown(block.label())
                    + "'; write it without a password (openssl pkcs8 -topk8 -nocrypt)");
          }
        }
      }
    }
    throw new GeneralSecurityException("no private key in it");
  }

  private static PrivateKey pkcs8(byte[] encoded) throws GeneralSecurityException {
    InvalidKeySpecException failure = new InvalidKeySpecException("no RSA, EC or EdDSA key");
    for (String algorithm : List.of("RSA", "EC", "EdDSA")) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(encoded));
      } catch (InvalidKeySpecException e) {
        failure.addSuppressed(e); // A key of another algorithm, or none at all.
      }
    }
    throw failure;
  }
}

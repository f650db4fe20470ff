package io.morsel.registry;

import java.io.ByteArrayOutputStream;
import java.security.GeneralSecurityException;
import java.util.Arrays;

/**
 * Private keys in the forms of their algorithms (RFC 8017, RFC 5915), put into the one that Java
 * reads (PKCS #8, RFC 5208).
 */
final class DerKeys {
  private static final int INTEGER = 0x02;
  private static final int OCTETS = 0x04;
  private static final int SEQUENCE = 0x30;

  /** Where an EC key says which curve it is on. */
  private static final int PARAMETERS = 0xa0;

  private static final byte[] VERSION = {INTEGER, 1, 0};

  /** rsaEncryption, 1.2.840.113549.1.1.1, and NULL. */
  private static final byte[] RSA = {
    0x06, 9, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 0x0d, 1, 1, 1, 0x05, 0
  };

  /** id-ecPublicKey, 1.2.840.10045.2.1. */
  private static final byte[] EC = {0x06, 7, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 2, 1};

  private DerKeys() {}

  static byte[] pkcs8OfRsa(byte[] key) {
    return of(SEQUENCE, VERSION, of(SEQUENCE, RSA), of(OCTETS, key));
  }

  static byte[] pkcs8OfEc(byte[] key) throws GeneralSecurityException {
    byte[] fields = content(key, 0);
    for (int at = 0; at < fields.length; at += length(fields, at)) {
      if ((fields[at] & 0xff) == PARAMETERS) {
        return of(SEQUENCE, VERSION, of(SEQUENCE, EC, content(fields, at)), of(OCTETS, key));
      }
    }
    throw new GeneralSecurityException("an EC key that does not say on which curve it is");
  }

  private static byte[] of(int tag, byte[]... parts) {
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      content.writeBytes(part);
    }
    int size = content.size();
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    whole.write(tag);
    if (size >= 0x80) {
      int bytes = (32 - Integer.numberOfLeadingZeros(size) + 7) / 8;
      whole.write(0x80 | bytes);
      for (int i = bytes - 1; i > 0; i--) {
        whole.write(size >> (8 * i));
      }
    }
    whole.write(size);
    whole.writeBytes(content.toByteArray());
    return whole.toByteArray();
  }

  private static byte[] content(byte[] der, int at) throws GeneralSecurityException {
    int end = at + length(der, at);
    return Arrays.copyOfRange(der, at + headerLength(der, at), end);
  }

  /** How many bytes the element has, its tag and length included. */
  private static int length(byte[] der, int at) throws GeneralSecurityException {
    int header = headerLength(der, at);
    int size = der[at + 1] & 0xff;
    if (header > 2) {
      size = 0;
      for (int i = 2; i < header; i++) {
        size = (size << 8) | (der[at + i] & 0xff);
      }
    }
    if (size > der.length - at - header) {
      throw malformed();
    }
    return header + size;
  }

  private static int headerLength(byte[] der, int at) throws GeneralSecurityException {
    if (at + 2 > der.length) {
      throw malformed();
    }
    int first = der[at + 1] & 0xff;
    int more = first < 0x80 ? 0 : first - 0x80;
    if (more > 3 || (first >= 0x80 && more == 0) || at + 2 + more > der.length) {
      throw malformed();
    }
    return 2 + more;
  }

  private static GeneralSecurityException malformed() {
    return new GeneralSecurityException("a malformed EC key");
  }
}

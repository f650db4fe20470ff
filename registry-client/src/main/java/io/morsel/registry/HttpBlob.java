package io.morsel.registry;

import com.github.benmanes.caffeine.cache.Cache;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A blob read over HTTP; keeps nothing open between reads. */
final class HttpBlob implements RemoteBlob {
  private static final Logger log = LoggerFactory.getLogger(HttpBlob.class);

  /**
   * What a resolved address is kept under.
   *
   * @param base the repository at the host that resolved it
   * @param digest the blob
   */
  record LocationKey(HttpUrl base, Digest digest) {}

  private final Http http;
  private final Cache<LocationKey, HttpUrl> locations;
  private final Hosts hosts;
  private final ImageReference reference;
  private final Digest digest;
  private final long sizeBytes;

  /** Whether the host that was asked last serves one range with a request at most. */
  private volatile boolean oneRangeOnly;

  HttpBlob(
      Http http,
      Cache<LocationKey, HttpUrl> locations,
      Hosts hosts,
      ImageReference reference,
      Digest digest,
      long sizeBytes) {
    this.http = http;
    this.locations = locations;
    this.hosts = hosts;
    this.reference = reference;
    this.digest = digest;
    this.sizeBytes = sizeBytes;
  }

  @Override
  public Digest digest() {
    return digest;
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  @Override
  public InputStream open(long offsetBytes, long lengthBytes) throws IOException {
    Objects.checkFromIndexSize(offsetBytes, lengthBytes, sizeBytes);
    return lengthBytes == 0
        ? InputStream.nullInputStream()
        : stream(List.of(new ByteRange(offsetBytes, lengthBytes)));
  }

  @Override
  public InputStream open(List<ByteRange> ranges) throws IOException {
    ByteRange.check(ranges, sizeBytes);
    return stream(ranges);
  }

  private InputStream stream(List<ByteRange> ranges) throws IOException {
    HostTurns turns = http.turns(hosts.toRead(reference), digest);
    RangeStream stream = new RangeStream(http, this, turns, ranges);
    try {
      stream.connect();
    } catch (IOException | RuntimeException | Error e) {
      stream.close();
      throw e;
    }
    return stream;
  }

  @Override
  public boolean servesRanges() {
    return !oneRangeOnly;
  }

  /** Whether this host brings several ranges by one request, as far as is known. */
  boolean servesRanges(Access access) {
    boolean serves = http.servesRanges(access);
    oneRangeOnly = !serves;
    return serves;
  }

  /** This host has answered a request for several ranges with something else. */
  void servesOneRangeOnly(Access access) {
    http.servesOneRangeOnly(access);
    oneRangeOnly = true;
  }

  @Override
  public void mistrust() {
    try {
      http.mistrust(hosts.toRead(reference), digest);
    } catch (RegistryException e) {
      log.debug("nobody to mistrust: {}", e.getMessage());
    }
  }

  /** What is being done, for messages. */
  String what() {
    return "cannot read blob " + digest + " of " + reference.name();
  }

  HttpUrl url(Access access) {
    return access.url("blobs/" + digest);
  }

  /**
   * Asks a host for the range once, at the address that an earlier answer redirected to if that
   * still works, else at the host itself.
   *
   * @param range the Range header, or empty for the whole blob
   */
  Response request(Access access, String range, Cancellation cancel) throws IOException {
    Request.Builder builder = new Request.Builder();
    if (!range.isEmpty()) {
      builder.header("Range", range);
    }
    LocationKey key = new LocationKey(access.base(), digest);
    HttpUrl known = locations.getIfPresent(key);
    if (known != null) {
      try {
        Request request = builder.url(known).build();
        Response response = http.call(access.connection(), request, cancel, Duration.ZERO);
        if (response.isSuccessful() || isNoFaultOfAddress(response.code())) {
          return response;
        }
        response.close();
      } catch (IOException e) {
        cancel.check();
      }
      locations.asMap().remove(key, known);
    }
    Request request = builder.url(url(access)).build();
    Http.Answer answer = http.attempt(access, request, what(), cancel, Duration.ZERO);
    Response response = answer.response();
    // An address at the host itself needs our credentials: it is asked for anew every time.
    if (response.isSuccessful() && answer.elsewhere()) {
      locations.put(key, response.request().url());
    }
    return response;
  }

  private static boolean isNoFaultOfAddress(int status) {
    return status == 416 || Failures.isPassing(status);
  }

  @Override
  public String toString() {
    return reference.name() + " " + digest;
  }
}

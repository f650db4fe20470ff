package io.morsel.containerd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.DefaultHttp2HeadersEncoder;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersEncoder;
import io.netty.util.AsciiString;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Held against Netty's, in both directions. */
final class HpackTest {
  @ParameterizedTest
  @ValueSource(ints = {0, 100_000})
  void whatNettyWritesIsRead(int huffmanFrom) throws Exception {
    Http2Headers headers = new DefaultHttp2Headers(false);
    headers.add(":status", "200").add("content-type", "application/grpc");
    // A value of each byte that there can be, several times over, and of each length up to 300.
    for (int value = 0x20; value < 0x100; value++) {
      headers.add("x-" + value, latin(value, 1 + value));
    }
    headers.add("all", latin(IntStream.range(0x20, 0x100).boxed().collect(Collectors.toList())));
    DefaultHttp2HeadersEncoder encoder =
        new DefaultHttp2HeadersEncoder(Http2HeadersEncoder.NEVER_SENSITIVE, false, 16, huffmanFrom);
    encoder.configuration().maxHeaderTableSize(0);
    ByteBuf block = Unpooled.buffer();
    encoder.encodeHeaders(1, headers, block);
    byte[] bytes = new byte[block.readableBytes()];
    block.readBytes(bytes);

    List<Hpack.Header> read = Hpack.decode(ByteBuffer.wrap(bytes));
    assertThat(read)
        .containsExactlyElementsOf(
            StreamSupport.stream(headers.spliterator(), false)
                .map(each -> new Hpack.Header(each.getKey().toString(), each.getValue().toString()))
                .toList());
  }

  private static AsciiString latin(int value, int times) {
    return latin(java.util.Collections.nCopies(times, value));
  }

  private static AsciiString latin(List<Integer> values) {
    byte[] bytes = new byte[values.size()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = values.get(i).byteValue();
    }
    return new AsciiString(bytes, false);
  }

  @Test
  void whatIsWrittenNettyReads() throws Exception {
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    List<String> values = List.of("", "a", "x".repeat(126), "y".repeat(127), "z".repeat(5000));
    for (String value : values) {
      Hpack.encode(block, "x-value", value);
    }
    Http2Headers read =
        new DefaultHttp2HeadersDecoder(false)
            .decodeHeaders(1, Unpooled.wrappedBuffer(block.toByteArray()));
    assertThat(read.getAll("x-value").stream().map(CharSequence::toString).toList())
        .isEqualTo(values);
  }

  @ParameterizedTest
  @CsvSource({
    "80, no header of index 0",
    "be, no header of index 62",
    "3fe11f, keeps a table",
    "0001, ends within one",
    "000161, ends within one",
    "00016102, ends within one",
    "0001617fffffffff7f, longer than any",
    "00016182ffff, not in HTTP/2's Huffman code",
    "0001618100, not in HTTP/2's Huffman code",
  })
  void malformedBlockIsRefused(String hex, String why) {
    assertThatThrownBy(() -> Hpack.decode(ByteBuffer.wrap(HexFormat.of().parseHex(hex))))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(why);
  }
}

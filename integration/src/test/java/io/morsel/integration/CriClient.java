package io.morsel.integration;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import io.grpc.CallOptions;
import io.grpc.MethodDescriptor;
import io.grpc.stub.ClientCalls;
import io.morsel.containerd.UnixChannel;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/**
 * The one call of the Container Runtime Interface that the tests need, {@code
 * runtime.v1.ImageService/PullImage}, encoded by hand: crictl is not in Debian.
 */
final class CriClient {
  private CriClient() {}

  /** Asks for an image, as a kubelet does; the image's id. */
  static String pullImage(Path socket, String reference) throws IOException {
    ByteArrayOutputStream spec = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(spec);
    out.writeString(1, reference); // ImageSpec.image
    out.flush();
    ByteArrayOutputStream request = new ByteArrayOutputStream();
    out = CodedOutputStream.newInstance(request);
    out.writeByteArray(1, spec.toByteArray()); // PullImageRequest.image
    out.flush();
    MethodDescriptor<byte[], byte[]> method =
        MethodDescriptor.<byte[], byte[]>newBuilder()
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName("runtime.v1.ImageService/PullImage")
            .setRequestMarshaller(new Bytes())
            .setResponseMarshaller(new Bytes())
            .build();
    try (UnixChannel channel = UnixChannel.open(socket)) {
      byte[] answer =
          ClientCalls.blockingUnaryCall(
              channel.channel(), method, CallOptions.DEFAULT, request.toByteArray());
      CodedInputStream in = CodedInputStream.newInstance(answer);
      String image = "";
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        if (WireFormat.getTagFieldNumber(tag) == 1) { // PullImageResponse.image_ref
          image = in.readString();
        } else {
          in.skipField(tag);
        }
      }
      return image;
    }
  }

  private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}

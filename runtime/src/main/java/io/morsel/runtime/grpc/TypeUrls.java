package io.morsel.runtime.grpc;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import io.morsel.containerd.ContainerdException;
import io.morsel.containerd.ErrorClass;

/**
 * Messages within messages, as containerd's package {@code typeurl} has them: the URL of a type is
 * its plain name, with no host before it.
 */
public final class TypeUrls {
  private TypeUrls() {}

  /** A message in its envelope. */
  public static Any pack(Message message) {
    return Any.newBuilder()
        .setTypeUrl(message.getDescriptorForType().getFullName())
        .setValue(message.toByteString())
        .build();
  }

  /** The name of the type of what is in an envelope; a host before it is passed over. */
  public static String name(Any envelope) {
    String url = envelope.getTypeUrl();
    return url.substring(url.lastIndexOf('/') + 1);
  }

  /** Whether a message of the type that {@code example} has is in an envelope. */
  public static boolean is(Any envelope, Message example) {
    return name(envelope).equals(example.getDescriptorForType().getFullName());
  }

  /**
   * What is in an envelope whose type is known.
   *
   * @throws ContainerdException of class INVALID_ARGUMENT where it is no such message
   */
  public static <M extends Message> M unpack(Any envelope, Parser<M> parser)
      throws ContainerdException {
    try {
      return parser.parseFrom(envelope.getValue());
    } catch (InvalidProtocolBufferException e) {
      throw new ContainerdException(
          ErrorClass.INVALID_ARGUMENT,
          "what is said to be a " + name(envelope) + " is malformed: " + e.getMessage(),
          e);
    }
  }
}

package io.morsel.cli.core;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import io.morsel.containerd.api.events.ContainerEventsProto;
import io.morsel.containerd.api.events.ContentEventsProto;
import io.morsel.containerd.api.events.ImageEventsProto;
import io.morsel.containerd.api.events.NamespaceEventsProto;
import io.morsel.containerd.api.events.SandboxEventsProto;
import io.morsel.containerd.api.events.SnapshotEventsProto;
import io.morsel.containerd.api.events.TaskEventsProto;
import io.morsel.containerd.api.shim.runc.RuncOptionsProto;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Messages as JSON, with the fields' own names, times as RFC 3339 has them, and what is not set
 * left out, as {@code ctr} prints them.
 */
public final class MessageJson {
  private static final JsonNodeFactory NODES = JsonMapper.shared().getNodeFactory();

  /** Messages may hold messages, but none of those here does so deeply. */
  private static final int MAX_DEPTH = 32;

  private static final Map<String, Descriptor> KNOWN =
      known(
          ContainerEventsProto.getDescriptor(),
          ContentEventsProto.getDescriptor(),
          ImageEventsProto.getDescriptor(),
          NamespaceEventsProto.getDescriptor(),
          SandboxEventsProto.getDescriptor(),
          SnapshotEventsProto.getDescriptor(),
          TaskEventsProto.getDescriptor(),
          RuncOptionsProto.getDescriptor());

  private MessageJson() {}

  private static Map<String, Descriptor> known(FileDescriptor... files) {
    Map<String, Descriptor> known = new HashMap<>();
    for (FileDescriptor file : files) {
      file.getMessageTypes().forEach(type -> known.put(type.getFullName(), type));
    }
    return Map.copyOf(known);
  }

  /** A message. */
  public static ObjectNode of(Message message) {
    return of(message, 0);
  }

  private static ObjectNode of(Message message, int depth) {
    ObjectNode node = NODES.objectNode();
    message
        .getAllFields()
        .forEach((field, value) -> node.set(field.getName(), value(field, value, depth)));
    return node;
  }

  /**
   * What an Any holds: a message that is known here, or JSON, which containerd's clients put there,
   * too. What it is stands for what is neither.
   */
  public static JsonNode of(Any any) {
    return of(any, 0);
  }

  private static JsonNode of(Any any, int depth) {
    String url = any.getTypeUrl();
    Descriptor type = KNOWN.get(url.substring(url.lastIndexOf('/') + 1));
    try {
      if (type != null) {
        return of(DynamicMessage.parseFrom(type, any.getValue()), depth + 1);
      }
      if (any.getValue().isEmpty() || any.getValue().byteAt(0) == '{') {
        return JsonMapper.shared().readTree(any.getValue().toByteArray());
      }
    } catch (InvalidProtocolBufferException | JacksonException malformed) {
      return unknown(any);
    }
    return unknown(any);
  }

  private static ObjectNode unknown(Any any) {
    return NODES.objectNode().put("type_url", any.getTypeUrl()).put("bytes", any.getValue().size());
  }

  private static JsonNode value(FieldDescriptor field, Object value, int depth) {
    if (depth > MAX_DEPTH) {
      return NODES.nullNode();
    }
    if (field.isMapField()) {
      return map((List<?>) value, depth);
    }
    if (value instanceof List<?> several) {
      ArrayNode list = NODES.arrayNode();
      several.forEach(each -> list.add(single(each, depth)));
      return list;
    }
    return single(value, depth);
  }

  private static ObjectNode map(List<?> entries, int depth) {
    ObjectNode map = NODES.objectNode();
    for (Object each : entries) {
      Message entry = (Message) each;
      List<FieldDescriptor> fields = entry.getDescriptorForType().getFields();
      map.set(
          entry.getField(fields.get(0)).toString(), single(entry.getField(fields.get(1)), depth));
    }
    return map;
  }

  private static JsonNode single(Object value, int depth) {
    return switch (value) {
      case String text -> NODES.stringNode(text);
      case Boolean yes -> NODES.booleanNode(yes);
      case Integer number -> NODES.numberNode(number);
      case Long number -> NODES.numberNode(number);
      case Double number -> NODES.numberNode(number);
      case Float number -> NODES.numberNode(number);
      case ByteString bytes -> NODES.binaryNode(bytes.toByteArray());
      case EnumValueDescriptor constant -> NODES.stringNode(constant.getName());
      case Message message -> message(message, depth);
      default -> throw new IllegalStateException("no field's value: " + value.getClass());
    };
  }

  private static JsonNode message(Message message, int depth) {
    String name = message.getDescriptorForType().getFullName();
    try {
      if (name.equals(Timestamp.getDescriptor().getFullName())) {
        return NODES.stringNode(
            Anys.instant(Timestamp.parseFrom(message.toByteString())).toString());
      }
      if (name.equals(Any.getDescriptor().getFullName())) {
        return of(Any.parseFrom(message.toByteString()), depth + 1);
      }
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("what was a message is none", e);
    }
    return of(message, depth + 1);
  }
}

package io.morsel.runtime.event;

import com.google.protobuf.Any;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import io.morsel.containerd.api.events.ContainerEventsProto;
import io.morsel.containerd.api.events.ContentEventsProto;
import io.morsel.containerd.api.events.ImageEventsProto;
import io.morsel.containerd.api.events.NamespaceEventsProto;
import io.morsel.containerd.api.events.SandboxEventsProto;
import io.morsel.containerd.api.events.SnapshotEventsProto;
import io.morsel.containerd.api.events.TaskEventsProto;
import io.morsel.runtime.grpc.TypeUrls;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The messages that travel as events: filters may ask for their fields, as for {@code
 * event.container_id}.
 */
final class EventTypes {
  private static final Map<String, Descriptor> KNOWN =
      known(
          ContainerEventsProto.getDescriptor(),
          ContentEventsProto.getDescriptor(),
          ImageEventsProto.getDescriptor(),
          NamespaceEventsProto.getDescriptor(),
          SandboxEventsProto.getDescriptor(),
          SnapshotEventsProto.getDescriptor(),
          TaskEventsProto.getDescriptor());

  private EventTypes() {}

  private static Map<String, Descriptor> known(FileDescriptor... files) {
    Map<String, Descriptor> known = new HashMap<>();
    for (FileDescriptor file : files) {
      file.getMessageTypes().forEach(type -> known.put(type.getFullName(), type));
    }
    return Map.copyOf(known);
  }

  /** The text at this path of an event; null where there is none or the event is not known. */
  static @Nullable String field(Any event, List<String> path) {
    Descriptor type = KNOWN.get(TypeUrls.name(event));
    if (type == null) {
      return null;
    }
    try {
      return field(DynamicMessage.parseFrom(type, event.getValue()), path);
    } catch (InvalidProtocolBufferException e) {
      return null;
    }
  }

  private static @Nullable String field(Message message, List<String> path) {
    if (path.isEmpty()) {
      return null;
    }
    FieldDescriptor field = message.getDescriptorForType().findFieldByName(path.getFirst());
    if (field == null) {
      return null;
    }
    List<String> rest = path.subList(1, path.size());
    if (field.isMapField()) {
      String key = String.join(".", rest);
      for (int i = 0; i < message.getRepeatedFieldCount(field); i++) {
        Message entry = (Message) message.getRepeatedField(field, i);
        FieldDescriptor keyField = entry.getDescriptorForType().findFieldByName("key");
        FieldDescriptor valueField = entry.getDescriptorForType().findFieldByName("value");
        if (key.equals(entry.getField(keyField))
            && entry.getField(valueField) instanceof String text) {
          return text;
        }
      }
      return null;
    }
    if (field.isRepeated()) {
      return null;
    }
    return switch (message.getField(field)) {
      case String text -> text.isEmpty() ? null : text;
      case Message inner -> message.hasField(field) ? field(inner, rest) : null;
      default -> null;
    };
  }
}

package io.morsel.cli.core;

import com.google.protobuf.Any;
import com.google.protobuf.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** What containerd's messages hold in forms that are not theirs: JSON in an Any, and times. */
public final class Anys {
  private static final JsonFactory FACTORY = new JsonFactory();

  private Anys() {}

  /**
   * The command of a container: {@code process.args} of its OCI specification; empty where there is
   * none. Reads no further than that, since a list has many containers and a specification is long.
   */
  public static List<String> command(Any spec) {
    List<String> words = new ArrayList<>();
    try (JsonParser json =
        FACTORY.createParser(ObjectReadContext.empty(), spec.getValue().newInput())) {
      if (json.nextToken() == JsonToken.START_OBJECT
          && enter(json, "process", JsonToken.START_OBJECT)
          && enter(json, "args", JsonToken.START_ARRAY)) {
        while (json.nextToken() == JsonToken.VALUE_STRING) {
          words.add(json.getString());
        }
      }
    } catch (JacksonException malformed) {
      // Somebody else's container: it is listed all the same.
      return List.of();
    }
    return words;
  }

  /** Moves from within an object to the value of a field of it, if it is of that kind. */
  private static boolean enter(JsonParser json, String field, JsonToken kind) {
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      boolean wanted = field.equals(json.currentName());
      JsonToken value = json.nextToken();
      if (wanted) {
        return value == kind;
      }
      json.skipChildren();
    }
    return false;
  }

  /** A message's time; the epoch where it is not set. */
  public static Instant instant(Timestamp time) {
    return Instant.ofEpochSecond(time.getSeconds(), time.getNanos());
  }

  /** Puts a time into a document, as RFC 3339 has it; null where it is not set. */
  public static void putTime(ObjectNode document, String name, Timestamp time) {
    if (time.getSeconds() == 0 && time.getNanos() == 0) {
      document.putNull(name);
    } else {
      document.put(name, instant(time).toString());
    }
  }

  /** A JSON document in an Any; null where it holds something else. */
  public static JsonNode json(Any any) {
    try {
      return JsonMapper.shared().readTree(any.getValue().toByteArray());
    } catch (JacksonException other) {
      return JsonMapper.shared().getNodeFactory().nullNode();
    }
  }
}

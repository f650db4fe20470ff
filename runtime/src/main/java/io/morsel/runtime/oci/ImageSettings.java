package io.morsel.runtime.oci;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What an image's configuration says of its containers (OCI image specification, config.md,
 * property {@code config}).
 *
 * @param user who runs it: name or number, and a group after a colon; empty for root
 * @param env {@code NAME=VALUE}
 * @param entrypoint what every command line begins with
 * @param cmd the arguments where the user gives none
 * @param workingDir where it starts; empty for the root
 * @param stopSignal what asks it to end; empty where the image does not say
 * @param labels what the image's author says of it
 */
public record ImageSettings(
    String user,
    List<String> env,
    List<String> entrypoint,
    List<String> cmd,
    String workingDir,
    String stopSignal,
    Map<String, String> labels) {
  /** Copies the collections. */
  public ImageSettings {
    env = List.copyOf(env);
    entrypoint = List.copyOf(entrypoint);
    cmd = List.copyOf(cmd);
    labels = Map.copyOf(labels);
  }

  /**
   * Reads a configuration.
   *
   * @throws SpecException if it is malformed
   */
  public static ImageSettings parse(byte[] document) throws SpecException {
    JsonNode config;
    try {
      config = JsonMapper.shared().readTree(document).path("config");
    } catch (JacksonException e) {
      throw new SpecException("the image's configuration is no JSON: " + e.getOriginalMessage());
    }
    return new ImageSettings(
        text(config, "User"),
        texts(config, "Env"),
        texts(config, "Entrypoint"),
        texts(config, "Cmd"),
        text(config, "WorkingDir"),
        text(config, "StopSignal"),
        labels(config));
  }

  private static Map<String, String> labels(JsonNode config) {
    Map<String, String> labels = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> label : config.path("Labels").properties()) {
      labels.put(label.getKey(), label.getValue().asString(""));
    }
    return labels;
  }

  private static String text(JsonNode config, String name) throws SpecException {
    JsonNode value = config.path(name);
    if (value.isMissingNode() || value.isNull()) {
      return "";
    }
    if (!value.isString()) {
      throw new SpecException(
          "the image's configuration is broken: config." + name + " is no text");
    }
    return value.stringValue();
  }

  private static List<String> texts(JsonNode config, String name) throws SpecException {
    JsonNode values = config.path(name);
    if (values.isMissingNode() || values.isNull()) {
      return List.of();
    }
    List<String> texts = new ArrayList<>();
    for (JsonNode value : values) {
      if (!value.isString()) {
        throw new SpecException(
            "the image's configuration is broken: config." + name + " is no list of texts");
      }
      texts.add(value.stringValue());
    }
    return texts;
  }
}

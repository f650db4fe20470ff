package io.morsel.cli.core;

import com.google.protobuf.FieldMask;
import io.grpc.StatusException;
import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.ExitCode;
import io.morsel.cli.terminal.Table;
import io.morsel.containerd.api.namespaces.CreateNamespaceRequest;
import io.morsel.containerd.api.namespaces.DeleteNamespaceRequest;
import io.morsel.containerd.api.namespaces.ListNamespacesRequest;
import io.morsel.containerd.api.namespaces.Namespace;
import io.morsel.containerd.api.namespaces.UpdateNamespaceRequest;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code morsel namespaces}. */
public final class Namespaces {
  private final CoreClient client;

  /** Those of the client's core. */
  public Namespaces(CoreClient client) {
    this.client = client;
  }

  /**
   * Prints all of them.
   *
   * @param quiet whether to print names only
   * @param json whether to print JSON
   * @return the exit code
   */
  public int list(PrintWriter out, boolean quiet, boolean json) throws CommandException {
    List<Namespace> all;
    try {
      all =
          client.namespaces().list(ListNamespacesRequest.getDefaultInstance()).getNamespacesList();
    } catch (StatusException failure) {
      throw CoreClient.failed("can't list namespaces", failure);
    }
    if (json) {
      ArrayNode list = JsonMapper.shared().createArrayNode();
      for (Namespace each : all) {
        ObjectNode node = list.addObject().put("name", each.getName());
        ObjectNode labels = node.putObject("labels");
        each.getLabelsMap().forEach(labels::put);
      }
      out.println(list.toPrettyString());
    } else if (quiet) {
      all.forEach(each -> out.println(each.getName()));
    } else {
      Table table = Table.of("NAME", "LABELS");
      for (Namespace each : all) {
        table.row(
            each.getName(),
            String.join(
                ",",
                new TreeMap<>(each.getLabelsMap())
                    .entrySet().stream()
                        .map(label -> label.getKey() + "=" + label.getValue())
                        .toList()));
      }
      table.print(out);
    }
    return ExitCode.OK;
  }

  /** Makes one. */
  public void create(String name, Map<String, String> labels) throws CommandException {
    try {
      var _ =
          client
              .namespaces()
              .create(
                  CreateNamespaceRequest.newBuilder()
                      .setNamespace(Namespace.newBuilder().setName(name).putAllLabels(labels))
                      .build());
    } catch (StatusException failure) {
      throw CoreClient.failed("can't make namespace '" + name + "'", failure);
    }
  }

  /** Removes one, which has to be empty. */
  public void remove(String name) throws CommandException {
    try {
      var _ = client.namespaces().delete(DeleteNamespaceRequest.newBuilder().setName(name).build());
    } catch (StatusException failure) {
      throw CoreClient.failed("can't remove namespace '" + name + "'", failure);
    }
  }

  /** Sets labels; those with an empty value are removed. */
  public void label(String name, Map<String, String> labels) throws CommandException {
    try {
      var _ =
          client
              .namespaces()
              .update(
                  UpdateNamespaceRequest.newBuilder()
                      .setNamespace(Namespace.newBuilder().setName(name).putAllLabels(labels))
                      .setUpdateMask(
                          FieldMask.newBuilder()
                              .addAllPaths(
                                  labels.keySet().stream().map(key -> "labels." + key).toList()))
                      .build());
    } catch (StatusException failure) {
      throw CoreClient.failed("can't label namespace '" + name + "'", failure);
    }
  }

  /**
   * Reads labels as command lines have them, {@code KEY=VALUE}.
   *
   * @throws CommandException with exit code 2 if one is malformed
   */
  public static Map<String, String> labels(List<String> texts) throws CommandException {
    Map<String, String> labels = new LinkedHashMap<>();
    for (String text : texts) {
      int equals = text.indexOf('=');
      if (equals <= 0) {
        throw CommandException.usage("malformed label '" + text + "': expected KEY=VALUE");
      }
      labels.put(text.substring(0, equals), text.substring(equals + 1));
    }
    return labels;
  }
}

package io.morsel.cli.core;

import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import io.morsel.cli.terminal.CommandException;
import io.morsel.cli.terminal.ExitCode;
import io.morsel.cli.terminal.Printable;
import io.morsel.containerd.api.eventservice.SubscribeRequest;
import io.morsel.containerd.api.types.Envelope;
import java.io.PrintWriter;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** {@code morsel events}: what happens in a core, of all namespaces, until interrupted. */
public final class EventStream {
  private final CoreClient client;
  private final PrintWriter out;

  /** Events of the client's core, printed to {@code out}. */
  public EventStream(CoreClient client, PrintWriter out) {
    this.client = client;
    this.out = out;
  }

  /**
   * Prints events until the core ends, or this program is interrupted.
   *
   * @param filters containerd's filters, one of which has to hold; empty for all events
   * @param json whether to print a JSON document a line
   * @return the exit code
   */
  public int run(List<String> filters, boolean json) throws CommandException, InterruptedException {
    BlockingClientCall<?, Envelope> call =
        client
            .waitingEvents()
            .subscribe(SubscribeRequest.newBuilder().addAllFilters(filters).build());
    try {
      for (Envelope event = call.read(); event != null; event = call.read()) {
        out.println(json ? json(event) : text(event));
        out.flush();
      }
      return ExitCode.OK;
    } catch (StatusException failure) {
      throw CoreClient.failed("the events of " + client.address() + " ended", failure);
    }
  }

  private static String text(Envelope event) {
    return Anys.instant(event.getTimestamp())
        + " "
        + Printable.text(event.getNamespace())
        + " "
        + Printable.text(event.getTopic())
        + " "
        + Printable.text(MessageJson.of(event.getEvent()).toString());
  }

  private static String json(Envelope event) {
    ObjectNode node = JsonMapper.shared().createObjectNode();
    Anys.putTime(node, "timestamp", event.getTimestamp());
    node.put("namespace", event.getNamespace());
    node.put("topic", event.getTopic());
    node.set("event", MessageJson.of(event.getEvent()));
    return node.toString();
  }
}

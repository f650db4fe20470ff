package io.morsel.snapshotter;

import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells the service manager how the daemon is: sd_notify(3). Does nothing where none listens. */
public final class SdNotify {
  private static final Logger log = LoggerFactory.getLogger(SdNotify.class);

  private SdNotify() {}

  /** The daemon serves. */
  public static void ready() {
    send(System.getenv(NotifySocket.VARIABLE), "READY=1\nMAINPID=" + ProcessHandle.current().pid());
  }

  /** The daemon stops. */
  public static void stopping() {
    send(System.getenv(NotifySocket.VARIABLE), "STOPPING=1");
  }

  static void send(String socket, String state) {
    if (socket == null || socket.isEmpty()) {
      return;
    }
    try {
      new NotifySocket(socket).send(state);
    } catch (IOException e) {
      log.warn("can't notify the service manager: {}", e.getMessage());
    }
  }
}

package io.morsel.cli.terminal;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandleProxies;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;

/**
 * Signals that this process gets, told to somebody instead of having their usual effect, until it is
 * closed.
 *
 * <p>Java's way to them, {@code sun.misc.Signal}, is supported but warned of by every compiler, which
 * can't be told otherwise: so it is called by its name. SIGQUIT is not among them: the virtual
 * machine answers it with its threads' stacks.
 */
public final class Signals implements AutoCloseable {
  /** What a user or a service manager sends to a program. */
  public static final List<String> FORWARDED =
      List.of("HUP", "INT", "TERM", "USR1", "USR2", "ALRM", "PWR");

  /** The terminal has another size. */
  public static final String RESIZED = "WINCH";

  private static final Class<?> SIGNAL = type("sun.misc.Signal");
  private static final Class<?> HANDLER = type("sun.misc.SignalHandler");
  private static final MethodHandle NEW =
      find(
          lookup ->
              lookup.findConstructor(SIGNAL, MethodType.methodType(void.class, String.class)));
  private static final MethodHandle NUMBER =
      find(lookup -> lookup.findVirtual(SIGNAL, "getNumber", MethodType.methodType(int.class)));
  private static final MethodHandle HANDLE =
      find(
          lookup ->
              lookup.findStatic(
                  SIGNAL, "handle", MethodType.methodType(HANDLER, SIGNAL, HANDLER)));

  private final Map<Object, Object> before = new LinkedHashMap<>();

  private Signals() {}

  /**
   * Listens for signals.
   *
   * @param names without SIG; those that the virtual machine keeps to itself are left out
   * @param consumer told a signal's number, each on a thread of its own
   */
  public static Signals listen(List<String> names, IntConsumer consumer) {
    Signals signals = new Signals();
    for (String name : names) {
      signals.add(name, consumer);
    }
    return signals;
  }

  private void add(String name, IntConsumer consumer) {
    try {
      Object signal = NEW.invoke(name);
      int number = (int) NUMBER.invoke(signal);
      MethodHandle told =
          MethodHandles.insertArguments(
              MethodHandles.publicLookup()
                  .findVirtual(
                      IntConsumer.class, "accept", MethodType.methodType(void.class, int.class)),
              0,
              consumer,
              number);
      Object handler =
          MethodHandleProxies.asInterfaceInstance(
              HANDLER, MethodHandles.dropArguments(told, 0, SIGNAL));
      before.put(signal, HANDLE.invoke(signal, handler));
    } catch (IllegalArgumentException inUse) {
      // The virtual machine's own, or ignored by who started this process: it stays as it is.
      return;
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
  }

  /** The signals have again the effect that they had before. */
  @Override
  public void close() {
    before.forEach(
        (signal, handler) -> {
          try {
            Object _ = HANDLE.invoke(signal, handler);
          } catch (Throwable impossible) {
            throw new AssertionError(impossible);
          }
        });
    before.clear();
  }

  private static Class<?> type(String name) {
    try {
      return Class.forName(name);
    } catch (ClassNotFoundException e) {
      throw new AssertionError(e);
    }
  }

  /** Looks something up. */
  private interface Finder {
    MethodHandle find(MethodHandles.Lookup lookup) throws ReflectiveOperationException;
  }

  private static MethodHandle find(Finder finder) {
    try {
      return finder.find(MethodHandles.publicLookup());
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(e);
    }
  }
}

package io.morsel.cli.io;

import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Hears the signals that this program gets, instead of ending by them, until it is closed.
 *
 * <p>Not SIGQUIT, which the Java virtual machine keeps for itself, nor those of job control.
 */
public final class SignalForwarding implements AutoCloseable {
  private static final List<String> FORWARDED =
      List.of("HUP", "INT", "TERM", "USR1", "USR2", "ALRM", "CONT");

  private final List<Runnable> undo = new ArrayList<>();

  private SignalForwarding() {}

  /**
   * Hears SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM and SIGCONT.
   *
   * @param receiver told each one's number, on a thread of its own, one at a time
   */
  public static SignalForwarding start(IntConsumer receiver) {
    return hear(FORWARDED, receiver);
  }

  /** Hears that the terminal's size has changed, SIGWINCH; told so on a thread of its own. */
  public static SignalForwarding onResize(Runnable resized) {
    return hear(List.of("WINCH"), _ -> resized.run());
  }

  private static SignalForwarding hear(List<String> names, IntConsumer receiver) {
    SignalForwarding forwarding = new SignalForwarding();
    Jdk jdk = Jdk.LINKED;
    Object lock = new Object();
    IntConsumer oneAtATime =
        number -> {
          synchronized (lock) {
            receiver.accept(number);
          }
        };
    for (String name : names) {
      Object signal = jdk.signal(name);
      Object before = jdk.handle(signal, jdk.handler(oneAtATime));
      forwarding.undo.add(() -> jdk.handle(signal, before));
    }
    return forwarding;
  }

  /** Lets signals do again what they did before. */
  @Override
  public void close() {
    undo.forEach(Runnable::run);
    undo.clear();
  }

  /**
   * {@code sun.misc.Signal} of module jdk.unsupported, the only way to hear of signals (JEP 260
   * keeps it for that). Linked by name, since the compiler warns of it in a way that nothing turns
   * off, and warnings are errors here.
   */
  private record Jdk(Class<?> handlerType, Constructor<?> make, Method number, Method handle) {
    static final Jdk LINKED = link();

    private static Jdk link() {
      try {
        Class<?> signal = Class.forName("sun.misc.Signal");
        Class<?> handler = Class.forName("sun.misc.SignalHandler");
        return new Jdk(
            handler,
            signal.getConstructor(String.class),
            signal.getMethod("getNumber"),
            signal.getMethod("handle", signal, handler));
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException("this Java has no module jdk.unsupported", e);
      }
    }

    Object signal(String name) {
      try {
        return make.newInstance(name);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException("SIG" + name + " can't be heard", e);
      }
    }

    Object handler(IntConsumer receiver) {
      return Proxy.newProxyInstance(
          Jdk.class.getClassLoader(),
          new Class<?>[] {handlerType},
          (self, method, arguments) -> called(self, method, arguments, receiver));
    }

    @SuppressWarnings("ReferenceEquality") // It is what Object's equals is.
    private @Nullable Object called(
        Object self, Method method, Object @Nullable [] arguments, IntConsumer receiver)
        throws ReflectiveOperationException {
      // The interface has one method; Object's come here, too.
      return switch (method.getName()) {
        case "handle" -> {
          receiver.accept((int) number.invoke(Objects.requireNonNull(arguments)[0]));
          yield null;
        }
        case "hashCode" -> System.identityHashCode(self);
        case "equals" -> self == Objects.requireNonNull(arguments)[0];
        default -> "signal handler";
      };
    }

    Object handle(Object signal, Object handler) {
      try {
        return handle.invoke(null, signal, handler);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(signal + " can't be heard", e);
      }
    }
  }
}

package io.morsel.cli.complete;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * The script by which a shell completes command lines. picocli writes what completes commands,
 * options and their values; in front of that comes what completes names, which only a core knows:
 * the script has the program itself list them, from the core and the namespace that the line names.
 *
 * <p>What a place on the line is for is told by the label that the command's help has there: {@code
 * ID} is a container, {@code REF} an image.
 */
public final class CompletionScript {
  /** More than a core that answers needs for a list. */
  private static final int PATIENCE_SECONDS = 5;

  /** Labels of places for names, and what lists those. */
  private static final Map<String, String> LISTS =
      Map.of("ID", "containers", "REF", "images", "NAMESPACE", "namespaces");

  /** A script of that length is read by itself, and not in a call. */
  @SuppressWarnings("InlineFormatString")
  private static final String NAMES =
      """

      # Lists names that can stand where a command line ends, one a line; nothing where there is no core.
      _morsel_names() (
        set -f
        unset IFS
        case "$1" in
          *[[:space:]]) current= ;;
          *) current=${1##*[[:space:]]} ;;
        esac
        command= first= option= address= namespace= list= position=0
        # Splits it at spaces.
        set -- ${1%%"$current"}
        program=$1
        shift
        for word; do
          if [ -n "$option" ]; then
            case "$option" in
              -a | --address) address=$word ;;
              -n | --namespace) namespace=$word ;;
            esac
            option=
            continue
          fi
          case "$word" in
            --address=*) address=${word#*=} ;;
            --namespace=*) namespace=${word#*=} ;;
            -*)
              valued=
              case "$command" in
      %1$s        esac
              case " $valued " in
                *" $word "*) option=$word ;;
              esac
              ;;
            *)
              case "$command" in
                '') command=$word ;;
                %2$s) command="$command $word" ;;
                *)
                  first=${first:-$word}
                  position=$((position + 1))
                  ;;
              esac
              ;;
          esac
          # The rest is another program's.
          case "$command $position" in
            %3$s) exit ;;
          esac
        done
        if [ -n "$option" ]; then
          case "$option" in
            -n | --namespace) list=namespaces ;;
          esac
        else
          case "$command $position" in
      %4$s      'inspect 0')
              printf '%%s\\n' container image
              list='containers images'
              ;;
            'inspect '*)
              case "$first" in
                container) list=containers ;;
                image) list=images ;;
              esac
              ;;
          esac
        fi
        case "$program" in
          '~/'*) program=$HOME/${program#*/} ;;
        esac
        for each in $list; do
          case "$each" in
            containers) set -- ps -aq ;;
            images) set -- images -q ;;
            namespaces) set -- namespaces ls -q ;;
          esac
          timeout %5$d "$program" "$@" ${address:+--address "$address"} \\
            ${namespace:+--namespace "$namespace"} </dev/null 2>/dev/null
        done
      )

      _complete_morsel_names() {
        local line current names name cut separator before
        line=${COMP_LINE:0:$COMP_POINT}
        case "$line" in
          *[[:space:]]) current= ;;
          *) current=${line##*[[:space:]]} ;;
        esac
        names=
        case "$current" in
          -*) ;;
          *) names=$(_morsel_names "$line") ;;
        esac
        if [ -z "$names" ]; then
          _complete_morsel "$@"
          return
        fi
        # bash replaces what stands behind the last of the characters at which it breaks words.
        cut=
        if [ -n "${BASH_VERSION-}" ]; then
          for separator in : @ =; do
            case "$COMP_WORDBREAKS" in
              *"$separator"*)
                before=${current%%"$separator"*}
                if [ "$before" != "$current" ] && [ ${#before} -ge ${#cut} ]; then
                  cut=$before$separator
                fi
                ;;
            esac
          done
        fi
        COMPREPLY=()
        while IFS= read -r name; do
          case "$name" in
            "$current"*) COMPREPLY+=("${name#"$cut"}") ;;
          esac
        done <<< "$names"
      }

      complete -F _complete_morsel_names -o default morsel
      """;

  private CompletionScript() {}

  /**
   * The script for bash.
   *
   * @param morsel the program with all its commands
   * @param foreign commands behind whose first argument another program's words follow
   */
  public static String bash(CommandLine morsel, Collection<String> foreign) {
    return AutoComplete.bash("morsel", morsel) + names(morsel.getCommandSpec(), foreign);
  }

  /** The script for zsh, which completes by bash's once told how. */
  public static String zsh(CommandLine morsel, Collection<String> foreign) {
    return "autoload -U +X compinit && compinit\n" + bash(morsel, foreign);
  }

  private static String names(CommandSpec morsel, Collection<String> foreign) {
    Map<List<String>, CommandSpec> commands = new LinkedHashMap<>();
    List<String> groups = new ArrayList<>();
    commands.put(List.of(""), morsel);
    for (CommandSpec command : distinct(morsel)) {
      List<String> names = List.copyOf(command.names());
      commands.put(names, command);
      for (CommandSpec sub : distinct(command)) {
        commands.put(
            names.stream()
                .flatMap(name -> sub.names().stream().map(each -> name + " " + each))
                .toList(),
            sub);
      }
      if (!command.subcommands().isEmpty()) {
        groups.addAll(names);
      }
    }
    return NAMES.formatted(
        commands.entrySet().stream()
            .map(each -> valued(each.getKey(), each.getValue()))
            .collect(Collectors.joining()),
        groups.stream().map(CompletionScript::quoted).collect(Collectors.joining(" | ")),
        foreign.stream().map(name -> "'" + name + " '[1-9]*").collect(Collectors.joining(" | ")),
        commands.entrySet().stream()
            .flatMap(each -> lists(each.getKey(), each.getValue()))
            .collect(Collectors.joining()),
        PATIENCE_SECONDS);
  }

  /** Each once, also one that has several names. */
  private static List<CommandSpec> distinct(CommandSpec command) {
    return command.subcommands().values().stream()
        .map(CommandLine::getCommandSpec)
        .distinct()
        .toList();
  }

  private static String quoted(String text) {
    return "'" + text + "'";
  }

  /** The options behind which a value stands. */
  private static String valued(List<String> names, CommandSpec command) {
    String options =
        command.options().stream()
            .filter(option -> option.arity().max() > 0)
            .map(OptionSpec::names)
            .flatMap(Arrays::stream)
            .collect(Collectors.joining(" "));
    return options.isEmpty()
        ? ""
        : "          "
            + names.stream().map(CompletionScript::quoted).collect(Collectors.joining(" | "))
            + ") valued='"
            + options
            + "' ;;\n";
  }

  /** The places for names. */
  private static Stream<String> lists(List<String> names, CommandSpec command) {
    return command.positionalParameters().stream()
        .flatMap(
            place ->
                list(place)
                    .map(
                        list ->
                            names.stream()
                                    .map(name -> quoted(name + " ") + positions(place))
                                    .collect(Collectors.joining(" | ", "      ", ""))
                                + ") list="
                                + list
                                + " ;;\n")
                    .stream());
  }

  private static Optional<String> list(ArgSpec place) {
    return Optional.ofNullable(LISTS.get(place.paramLabel()));
  }

  private static String positions(PositionalParamSpec place) {
    return place.index().max() > place.index().min()
        ? "[" + place.index().min() + "-9]*"
        : Integer.toString(place.index().min());
  }
}

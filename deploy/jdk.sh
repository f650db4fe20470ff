# Sourced by the scripts at the top: finds the newest JDK that Morsel can run on.

# The oldest Java that Morsel builds and runs with.
MORSEL_MIN_JAVA=25

# Puts the feature version (17, 25, …) of the JDK or JRE in directory $1 into $feature; fails where there is none.
# Without a program where it can: this is on the way of every command.
java_feature() {
  local line
  feature=''
  [ -x "$1/bin/java" ] || return 1
  if [ -r "$1/release" ]; then
    while IFS= read -r line; do
      case $line in
        'JAVA_VERSION="'*) line=${line#*\"}; feature=${line%%[!0-9]*}; break ;;
      esac
    done < "$1/release"
  fi
  if [ -z "$feature" ]; then
    feature=$("$1/bin/java" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1)
  fi
  [ -n "$feature" ]
}

# Prints the home of a usable JDK: JAVA_HOME if it is new enough, else the newest one installed.
find_jdk() {
  local home feature best='' best_feature=0 on_path
  if [ -n "${JAVA_HOME:-}" ] && java_feature "$JAVA_HOME" && [ "$feature" -ge "$MORSEL_MIN_JAVA" ]; then
    printf '%s\n' "$JAVA_HOME"
    return 0
  fi
  on_path=$(command -v java 2>/dev/null) && on_path=$(readlink -f "$on_path") \
    && on_path=${on_path%/bin/java}
  for home in /usr/lib/jvm/* ${on_path:+"$on_path"} "$HOME"/.sdkman/candidates/java/* "$HOME"/.jdks/*; do
    [ -L "$home" ] && continue
    java_feature "$home" || continue
    if [ "$feature" -ge "$MORSEL_MIN_JAVA" ] && [ "$feature" -gt "$best_feature" ]; then
      best=$home
      best_feature=$feature
    fi
  done
  if [ -z "$best" ]; then
    echo "morsel: no JDK $MORSEL_MIN_JAVA or newer found (looked at JAVA_HOME, /usr/lib/jvm and PATH);" \
      "install one, or set JAVA_HOME to where it is" >&2
    return 1
  fi
  printf '%s\n' "$best"
}

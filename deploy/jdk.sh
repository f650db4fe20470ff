# Sourced by the scripts at the top: finds the newest JDK that Morsel can run on.

# The oldest Java that Morsel builds and runs with.
MORSEL_MIN_JAVA=25

# Prints the feature version (17, 25, …) of the JDK or JRE in directory $1; fails where there is none.
java_feature() {
  local line
  [ -x "$1/bin/java" ] || return 1
  if [ -r "$1/release" ]; then
    line=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release" | head -n 1)
  fi
  if [ -z "${line:-}" ]; then
    line=$("$1/bin/java" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1)
  fi
  [ -n "$line" ] && printf '%s\n' "$line"
}

# Prints the home of a usable JDK: JAVA_HOME if it is new enough, else the newest one installed.
find_jdk() {
  local home version best='' best_version=0 on_path
  if [ -n "${JAVA_HOME:-}" ] && version=$(java_feature "$JAVA_HOME") \
      && [ "$version" -ge "$MORSEL_MIN_JAVA" ]; then
    printf '%s\n' "$JAVA_HOME"
    return 0
  fi
  on_path=$(command -v java 2>/dev/null) && on_path=$(readlink -f "$on_path") \
    && on_path=${on_path%/bin/java}
  for home in /usr/lib/jvm/* ${on_path:+"$on_path"} "$HOME"/.sdkman/candidates/java/* "$HOME"/.jdks/*; do
    [ -L "$home" ] && continue
    version=$(java_feature "$home") || continue
    if [ "$version" -ge "$MORSEL_MIN_JAVA" ] && [ "$version" -gt "$best_version" ]; then
      best=$home
      best_version=$version
    fi
  done
  if [ -z "$best" ]; then
    echo "morsel: no JDK $MORSEL_MIN_JAVA or newer found (looked at JAVA_HOME, /usr/lib/jvm and PATH);" \
      "install one, or set JAVA_HOME to where it is" >&2
    return 1
  fi
  printf '%s\n' "$best"
}

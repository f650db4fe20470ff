# Sourced by the scripts: whether what Maven builds is newer than what it is built from.

# is_built CHECKOUT LIB_DIR: succeeds if the jars in LIB_DIR are up to date.
is_built() {
  [ -d "$2" ] && [ -z "$(find "$1" \( -name target -o -name '.?*' \) -prune -o \
    \( -path '*/src/main/*' -o -name pom.xml \) -type f -newer "$2" -print -quit)" ]
}

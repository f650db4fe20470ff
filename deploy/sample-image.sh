#!/usr/bin/env bash
# Builds the sample image of ./quickstart as an OCI layout: a minimal Debian userland, a JDK, and
# Morsel itself as the application. The way the usual base images are made, three layers of gzip.
#
#   deploy/sample-image.sh LAYOUT_DIR JDK_HOME MORSEL_LIB_DIR
set -euo pipefail
layout=$1 jdk=$2 lib=$3

epoch=1767225600 # everything in the image carries this time, so that one input gives one digest
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
umask 022

if command -v pigz >/dev/null; then zip=(pigz -n -6 -p 2); else zip=(gzip -n -6); fi
deterministic=(--sort=name --owner=0 --group=0 --numeric-owner --mtime=@$epoch --format=pax
  --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime)

mkdir -p "$layout/blobs/sha256"

# put FILE: moves a file into the layout's blobs and prints its digest in hexadecimal.
put() {
  local hex
  hex=$(sha256sum "$1" | cut -d' ' -f1)
  mv "$1" "$layout/blobs/sha256/$hex"
  printf '%s' "$hex"
}

# layer TAR COMMENT: compresses a tar, adds it to the layout and to the lists of the image.
layers='' diff_ids='' history=''
layer() {
  local tar=$1 diff blob size
  diff=$(sha256sum "$tar" | cut -d' ' -f1)
  "${zip[@]}" <"$tar" >"$tar.gz"
  rm "$tar"
  size=$(stat -c %s "$tar.gz")
  blob=$(put "$tar.gz")
  layers+="${layers:+,}{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\",\"digest\":\"sha256:$blob\",\"size\":$size}"
  diff_ids+="${diff_ids:+,}\"sha256:$diff\""
  history+="${history:+,}{\"created\":\"2026-01-01T00:00:00Z\",\"created_by\":\"$2\"}"
}

echo "sample image: a minimal Debian userland"
. /etc/os-release
TMPDIR=$work SOURCE_DATE_EPOCH=$epoch mmdebstrap --quiet --variant=minbase --include=ca-certificates \
  --aptopt='Acquire::Retries "5"' \
  "${VERSION_CODENAME:?/etc/os-release names no Debian release}" "$work/debian.tar"
layer "$work/debian.tar" "Debian $VERSION_CODENAME, minimal"

echo "sample image: a JDK"
mkdir -p "$work/jdk/opt/java"
cp -a "$jdk/." "$work/jdk/opt/java/"
rm -f "$work/jdk/opt/java/lib/src.zip"
tar -C "$work/jdk" "${deterministic[@]}" -cf "$work/jdk.tar" opt
layer "$work/jdk.tar" "a JDK"

echo "sample image: the application"
mkdir -p "$work/app/opt/morsel/lib"
cp "$lib"/*.jar "$work/app/opt/morsel/lib/"
tar -C "$work/app" "${deterministic[@]}" -cf "$work/app.tar" opt
layer "$work/app.tar" "Morsel"

case $(uname -m) in x86_64) arch=amd64 ;; aarch64) arch=arm64 ;; *) arch=$(uname -m) ;; esac
cat >"$work/config" <<JSON
{"created":"2026-01-01T00:00:00Z","architecture":"$arch","os":"linux","config":{"Env":["PATH=/opt/java/bin:/usr/local/bin:/usr/bin:/bin","JAVA_HOME=/opt/java"],"Entrypoint":["/opt/java/bin/java","-XX:+UseSerialGC","-XX:-UsePerfData","-cp","/opt/morsel/lib/*","io.morsel.cli.Main"],"Cmd":["version"],"WorkingDir":"/"},"rootfs":{"type":"layers","diff_ids":[$diff_ids]},"history":[$history]}
JSON
config_size=$(stat -c %s "$work/config")
config=$(put "$work/config")
cat >"$work/manifest" <<JSON
{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:$config","size":$config_size},"layers":[$layers]}
JSON
manifest_size=$(stat -c %s "$work/manifest")
manifest=$(put "$work/manifest")
echo '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
cat >"$layout/index.json" <<JSON
{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:$manifest","size":$manifest_size,"annotations":{"org.opencontainers.image.ref.name":"latest"},"platform":{"architecture":"$arch","os":"linux"}}]}
JSON

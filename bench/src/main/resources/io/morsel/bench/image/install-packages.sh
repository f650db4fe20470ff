#!/bin/sh
# Installs Debian packages on top of a tree, and leaves what that changed as a tree of its own, with
# deletions in the form that image layers have. Runs in mount and process namespaces of its own,
# which take all mounts and processes with them when it ends.
#
#   install-packages.sh BASE_TREE WORK_DIR PACKAGE…
set -eu
base=$1 work=$2
shift 2
upper=$work/upper merged=$work/merged
mkdir -p "$upper" "$work/overlay" "$merged" "$work/lists" "$work/cache/archives/partial"

mount -t overlay overlay -o "lowerdir=$base,upperdir=$upper,workdir=$work/overlay" "$merged"
mount -t proc proc "$merged/proc"
# What apt downloads stays out of the layer.
mount --bind "$work/lists" "$merged/var/lib/apt/lists"
mount --bind "$work/cache" "$merged/var/cache/apt"
mount -t tmpfs tmpfs "$merged/tmp"
mount -t tmpfs tmpfs "$merged/var/log"
: >>"$merged/etc/resolv.conf"
mount --bind /etc/resolv.conf "$merged/etc/resolv.conf"
# No package may start a service here.
printf '#!/bin/sh\nexit 101\n' >"$merged/usr/sbin/policy-rc.d"
chmod 755 "$merged/usr/sbin/policy-rc.d"

export DEBIAN_FRONTEND=noninteractive LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
in_tree() { chroot "$merged" "$@"; }
in_tree apt-get -q update
in_tree apt-get -q install -y --no-install-recommends "$@"

rm "$merged/usr/sbin/policy-rc.d"
umount -R "$merged"
rm -rf "$upper/etc/resolv.conf" "$upper/var/cache/debconf" "$upper/var/cache/ldconfig" \
  "$upper/usr/sbin/policy-rc.d" "$upper/var/lib/apt" "$upper/var/log" "$upper/tmp"

# overlayfs marks what is deleted by devices of number 0:0, and replaced directories by an attribute.
find "$upper" -type c | while IFS= read -r file; do
  if [ "$(stat -c %t:%T "$file")" = 0:0 ]; then
    rm "$file"
    : >"${file%/*}/.wh.${file##*/}"
  fi
done
getfattr -R -h --absolute-names -n trusted.overlay.opaque "$upper" 2>/dev/null \
  | sed -n 's/^# file: //p' | while IFS= read -r directory; do
    : >"$directory/.wh..wh..opq"
  done

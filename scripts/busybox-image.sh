#!/usr/bin/env bash
# Makes a small image out of this machine's static busybox, for tests and the demo, without any registry:
# busybox-image.sh [TAG]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prelude.sh

tag=${1:-podling-demo:latest}
busybox=/bin/busybox

is_static "$busybox" || apt_install busybox-static
is_static "$busybox" || die "$busybox is not a static executable" "Install busybox-static in its place."

made_of="busybox $(sha256sum "$busybox" | cut -c1-12)"
if [ "$(docker image inspect --format '{{index .Config.Labels "podling.made-of"}}' "$tag" 2>/dev/null)" = "$made_of" ]; then exit 0; fi

say "making the image $tag out of $busybox"
root=$(mktemp -d "${TMPDIR:-/tmp}/podling-busybox.XXXXXX")
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{bin,etc,tmp}
cp "$busybox" "$root/bin/busybox"
for applet in $("$busybox" --list); do
    [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
done
echo 'root:x:0:0:root:/:/bin/sh' >"$root/etc/passwd"
chmod 1777 "$root/tmp"
tar -C "$root" --owner 0 --group 0 --numeric-owner -c . | docker import \
    --change 'CMD ["/bin/sh"]' --change "LABEL podling.made-of=\"$made_of\"" - "$tag" >/dev/null

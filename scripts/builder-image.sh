#!/usr/bin/env bash
# Makes a base image for the Dockerfile's first stage where no registry can be reached: builder-image.sh [TAG]
#
# It is Debian (debootstrap, from the same mirror as this machine's apt) with a C compiler and this machine's own Rust
# toolchain, so that `docker build --build-arg BUILDER=TAG` compiles in a container as it does elsewhere on rust:1.95.
# Made once; made again when the toolchain changes, or with FORCE=1.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prelude.sh

tag=${1:-podling-builder:local}
suite=bookworm
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
# The CA certificates of this machine, for crates.io only: a network may have one of its own between here and there.
host_ca=/etc/ssl/certs/ca-certificates.crt
sysroot=$(rustc --print sysroot)
[ "$sysroot" != /usr ] || die "this Rust is part of the system (in /usr) and cannot be copied alone" "Use a rustup toolchain."
made_of="$suite, $(rustc --version), CA certificates $(sha256sum "$host_ca" | cut -c1-12)"

if [ -z "${FORCE:-}" ] && [ "$(docker image inspect --format '{{index .Config.Labels "podling.made-of"}}' "$tag" 2>/dev/null)" = "$made_of" ]; then
    say "$tag is up to date ($made_of)"
    exit 0
fi

say "making $tag: $made_of"
apt_install debootstrap debian-archive-keyring
root=$(mktemp -d "${TMPDIR:-/tmp}/podling-builder.XXXXXX")
trap 'as_root rm -rf "$root"' EXIT

as_root debootstrap --variant=minbase --include=gcc,libc6-dev,ca-certificates "$suite" "$root" "$mirror" >"$root.log" 2>&1 ||
    die "debootstrap could not make a $suite from $mirror" "Its words: $root.log"
rm -f "$root.log"

# The toolchain without its documents, and the host's certificates apart from Debian's: only the latter go on into the
# final image.
# shellcheck disable=SC2016 # the inner shell expands it
as_root bash -euo pipefail -c '
    root=$1 sysroot=$2 host_ca=$3
    rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale,info}/*
    mkdir -p "$root/usr/local/rust/lib" "$root/usr/local/rust/bin"
    cp -a "$sysroot"/bin/{cargo,rustc} "$root/usr/local/rust/bin/"
    cp -a "$sysroot"/lib/. "$root/usr/local/rust/lib/"
    cp "$host_ca" "$root/usr/local/rust/host-ca-certificates.crt"
' builder "$root" "$sysroot" "$host_ca"

say "handing it to the Docker Engine"
as_root tar -C "$root" --numeric-owner -c . | docker import \
    --change "LABEL podling.made-of=\"$made_of\"" \
    --change 'ENV PATH=/usr/local/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    --change 'ENV CARGO_HTTP_CAINFO=/usr/local/rust/host-ca-certificates.crt' \
    - "$tag" >/dev/null
say "made $tag"

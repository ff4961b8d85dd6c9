#!/usr/bin/env bash
# Installs what `make test` needs beside Rust: install-test-tools.sh
# Everything that is there already stays as it is.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prelude.sh

scripts/install-compiler.sh

# busybox-static: the images that tests run; docker-registry: a registry of their own to pull them from.
is_static /bin/busybox || apt_install busybox-static
is_static /bin/busybox || die "/bin/busybox is not a static executable" "Install busybox-static in its place."
if ! have docker-registry; then
    apt_install docker-registry
    # The package wants it to run from the next boot on.
    if [ -d /run/systemd/system ]; then
        as_root systemctl --quiet disable docker-registry || say "docker-registry will run from the next boot on"
    fi
fi
# iproute2, nftables: networks that can be cut. libfaketime: a wall clock that jumps, for one process.
have ip || apt_install iproute2
have nft || apt_install nftables
compgen -G '/usr/lib/*/faketime/libfaketime.so.1' >/dev/null || apt_install libfaketime

scripts/install-postgres.sh

scripts/install-cargo-tool.sh cargo-nextest 0.9.143

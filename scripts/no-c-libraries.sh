#!/usr/bin/env bash
# Fails when a crate that binds to libpq or OpenSSL came into the dependency tree. cargo-deny bans them too; this says
# who brought them.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prelude.sh

tree=$(cargo tree --locked --all-features --target all --edges normal,build --prefix none)
for crate in pq-sys openssl-sys; do
    if grep -q "^$crate v" <<<"$tree"; then
        cargo tree --locked --all-features --target all --edges normal,build --invert "$crate" >&2
        die "$crate is in the dependency tree (above: who brings it)"
    fi
done

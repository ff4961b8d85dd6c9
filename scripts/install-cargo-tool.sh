#!/usr/bin/env bash
# Installs a cargo tool when it is not there: install-cargo-tool.sh NAME VERSION
# One that is there is used, whatever its version: the pins are what a fresh machine gets.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prelude.sh

name=$1 version=$2
export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
if have "$name"; then exit 0; fi
scripts/install-compiler.sh
say "installing $name $version (compiles it; takes some minutes, once)"
# A debug build is ready in half the time and fast enough. RUSTFLAGS and a target folder of this project are not meant for it.
env -u RUSTFLAGS -u CARGO_TARGET_DIR cargo install --locked --debug --quiet "$name" --version "$version"

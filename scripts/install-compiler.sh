#!/usr/bin/env bash
# What Rust itself needs to build podling: a linker, and a C compiler for SQLite's sources.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prelude.sh

have cargo || die "Rust is not installed (no cargo)" "Install it from https://rustup.rs, or put ~/.cargo/bin into PATH."
have cc || apt_install gcc libc6-dev

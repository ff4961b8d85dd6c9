#!/usr/bin/env bash
# Runs a cargo command whose tests run as root, through sudo when somebody else calls this: tests-as-root.sh cargo …
# What is compiled stays the caller's.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

if [ "$(id -u)" -ne 0 ]; then
    host=$(rustc --print host-tuple | tr 'a-z-' 'A-Z_')
    export "CARGO_TARGET_${host}_RUNNER=$here/as-root.sh"
fi
exec "$@"

#!/usr/bin/env bash
# Runs a command as root, with this environment: as-root.sh COMMAND ARG…
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=scripts/prelude.sh
. "$here/prelude.sh"

if [ "$(id -u)" -eq 0 ]; then exec "$@"; fi
have sudo || die "this needs root: $*" "Run it as root, or install sudo."
# sudo has a PATH of its own, and drops what a dynamic linker would take for dangerous.
exec sudo --preserve-env env "PATH=$PATH" "$@"

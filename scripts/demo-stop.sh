#!/usr/bin/env bash
# Ends what demo.sh started in this clone, and removes its containers, its data and the image it made.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prelude.sh
. scripts/demo-state.sh

is_running || say "no demo is running"
stop_demo
docker image rm "$image_made_here" >/dev/null 2>&1 || true
rm -rf "$state"

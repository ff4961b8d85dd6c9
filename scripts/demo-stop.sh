#!/usr/bin/env bash
# Ends what demo.sh started, and removes its containers, its data and the image it made.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prelude.sh
. scripts/demo-state.sh

# shellcheck disable=SC2329 # called by until_true
is_gone() { ! is_running; }

if is_running; then
    pid=$(cat "$state/pid")
    say "stopping podling standalone (process $pid)"
    kill "$pid"
    until_true 30 is_gone || {
        say "it did not end within 30 seconds: killing it"
        kill -KILL "$pid"
    }
else
    say "no demo is running"
fi
remove_containers "podling.node=$node"
docker image rm podling-demo:latest >/dev/null 2>&1 || true
rm -rf "$state"

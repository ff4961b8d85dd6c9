#!/usr/bin/env bash
# Prints podling's figures on this machine as one JSON object: benches/figures/ measures, this prepares and cleans up.
#
# The machine should be quiet otherwise. FIGURES_ONLY=start,burst measures only some.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prelude.sh

name=figures-$$
FIGURES_LOAD=$(cut -d' ' -f1-3 /proc/loadavg)
export FIGURES_LOAD
export FIGURES_NAME=$name
export FIGURES_TASK_IMAGE=podling-figures:busybox
export FIGURES_PODLING_IMAGE=podling:latest
export FIGURES_PODLING=$PWD/bin/podling
# Not in /tmp, which may be memory: the figures are about a store on a disk.
FIGURES_FOLDER=$(mktemp -d "$PWD/bin/figures.XXXXXX")
export FIGURES_FOLDER

# shellcheck disable=SC2329 # called by the trap
clean_up() {
    remove_containers "podling.node=$name" "podling.node=$name-a" "podling.node=$name-b" "podling.measured=$name"
    docker image rm "$FIGURES_TASK_IMAGE" >/dev/null 2>&1 || true
    rm -rf "$FIGURES_FOLDER"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

have wrk || apt_install wrk
scripts/busybox-image.sh "$FIGURES_TASK_IMAGE"
# The measuring program waits and looks, so it need not be optimised; what it measures is the release executable.
cargo bench --locked --quiet --profile dev --bench figures

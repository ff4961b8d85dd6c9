#!/usr/bin/env bash
# Runs the scenarios of benches/scenarios/: this prepares and cleans up. Tables go to stdout, JSON to target/bench/.
#
# The machine should be quiet otherwise. BENCH_ONLY=submit,list runs only some; BENCH_NODES, BENCH_TASKS, BENCH_SECONDS,
# BENCH_ROUNDS and BENCH_RATE say how large they are. BENCH_PODLING measures another executable.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prelude.sh

name=bench-$$
BENCH_LOAD=$(cut -d' ' -f1-3 /proc/loadavg)
export BENCH_LOAD
export BENCH_NAME=$name
export BENCH_TASK_IMAGE=podling-bench:busybox
export BENCH_PODLING=${BENCH_PODLING:-$PWD/bin/podling}
# Not in /tmp, which may be memory: the figures are about stores on a disk.
mkdir -p bin
BENCH_FOLDER=$(mktemp -d "$PWD/bin/bench.XXXXXX")
export BENCH_FOLDER
# PostgreSQL runs as another user, who may not enter every home.
TMPDIR=$(mktemp -d /var/tmp/podling-bench.XXXXXX)
export TMPDIR
chmod 711 "$TMPDIR"

# shellcheck disable=SC2329 # called by the trap
clean_up() {
    if [ -e "$BENCH_FOLDER/swarm" ]; then
        docker swarm leave --force >/dev/null 2>&1 || true
        # The file names the network that was made for the swarm, if it was.
        [ ! -s "$BENCH_FOLDER/swarm" ] || docker network rm "$(cat "$BENCH_FOLDER/swarm")" >/dev/null 2>&1 || true
    fi
    remove_containers "podling.node=$name" "podling.measured=$name"
    docker image rm "$BENCH_TASK_IMAGE" >/dev/null 2>&1 || true
    rm -rf "$BENCH_FOLDER"
    as_root rm -rf "$TMPDIR"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

wanted() {
    local scenario
    [ -n "${BENCH_ONLY:-}" ] || return 0
    for scenario in "$@"; do
        case ",$BENCH_ONLY," in *",$scenario,"*) return 0 ;; esac
    done
    return 1
}

# Thousands of nodes are thousands of connections in master and simulation each.
ulimit -n "$(ulimit -H -n)"
if wanted submit; then
    have wrk || apt_install wrk
    scripts/install-postgres.sh
fi
if wanted container burst; then scripts/busybox-image.sh "$BENCH_TASK_IMAGE"; fi
# Optimised: the load generator shares the cores with what it measures.
cargo bench --locked --quiet --profile simulation --bench scenarios

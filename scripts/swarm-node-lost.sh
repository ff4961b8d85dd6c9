#!/usr/bin/env bash
# Prints how many seconds a Docker Swarm takes until the task of a node that is gone runs on another one.
#
# Two engines of its own, each in namespaces of its own, joined by a cable: a manager and a worker, with Swarm's default
# settings. The task begins at the worker, which is then killed with its containers. Nothing of the machine's engine is
# touched but that the image is copied from it, and nothing is left behind. Needs root.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prelude.sh

[ "$(id -u)" -eq 0 ] || die "the engines of a Swarm need root" "Run this as root."
image=${FIGURES_TASK_IMAGE:-podling-figures:busybox}
folder=$(mktemp -d "${FIGURES_FOLDER:-${TMPDIR:-/tmp}}/swarm.XXXXXX")
tag=swarm-$$
network=10.255.77
declare -A engines=()

# shellcheck disable=SC2329 # called by the trap
clean_up() {
    local side
    for side in manager worker; do
        # With the first process of a PID namespace everything in it ends, and its mounts go with it.
        [ -z "${engines[$side]:-}" ] || kill -KILL "${engines[$side]}" 2>/dev/null || true
        [ -z "${engines[$side]:-}" ] || wait "${engines[$side]}" 2>/dev/null || true
        ip netns delete "$tag-$side" 2>/dev/null || true
    done
    sleep 0.5
    find /sys/fs/cgroup -depth -type d -path "*/$tag*" -exec rmdir {} + 2>/dev/null || true
    rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

of() { docker -H "unix://$folder/$1/docker.sock" "${@:2}"; }

start_engine() {
    local side=$1
    mkdir "$folder/$side"
    # shellcheck disable=SC2016 # expanded by the inner shell
    # The network namespace is entered by hand: `ip netns exec` hides the control groups.
    nsenter --net="/run/netns/$tag-$side" unshare --pid --mount --fork --kill-child sh -c '
        mount -t proc proc /proc
        exec dockerd --config-file "$1/../daemon.json" --data-root "$1/data" --exec-root "$1/exec" --pidfile "$1/pid" \
            -H "unix://$1/docker.sock" --storage-driver "$2" --cgroup-parent "$3"' \
        sh "$folder/$side" "$driver" "$tag" >"$folder/$side/log" 2>&1 &
    engines[$side]=$!
    until_true 30 of "$side" version >/dev/null || die "no second engine: $(tail -n 1 "$folder/$side/log")" "Look at dockerd."
    docker save "$image" | of "$side" load >/dev/null
}

runs_on() { [ -n "$(of "$1" ps --quiet --filter status=running)" ]; }

driver=$(docker info --format '{{.Driver}}')
echo '{}' >"$folder/daemon.json"
ip netns add "$tag-manager"
ip netns add "$tag-worker"
ip -netns "$tag-manager" link add cable type veth peer name cable netns "$tag-worker"
ip -netns "$tag-manager" address add "$network.1/24" dev cable
ip -netns "$tag-worker" address add "$network.2/24" dev cable
for side in manager worker; do
    ip -netns "$tag-$side" link set lo up
    ip -netns "$tag-$side" link set cable up
    ip -netns "$tag-$side" route add default dev cable
    start_engine "$side"
done

{
    of manager swarm init --advertise-addr "$network.1"
    of worker swarm join --advertise-addr "$network.2" --token "$(of manager swarm join-token --quiet worker)" "$network.1:2377"
    manager=$(of manager info --format '{{.Swarm.NodeID}}')
    of manager node update --availability drain "$manager"
    of manager service create --quiet --no-resolve-image --name sleeper --init "$image" sleep 3600
    until_true 30 runs_on worker
    of manager node update --availability active "$manager"
} >&2

begin=$EPOCHREALTIME
kill -KILL "${engines[worker]}"
until_true 120 runs_on manager
end=$EPOCHREALTIME
awk -v begin="$begin" -v end="$end" 'BEGIN { printf "%.2f\n", end - begin }'

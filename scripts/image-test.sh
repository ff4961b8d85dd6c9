#!/usr/bin/env bash
# Builds the container image and runs a task from it: master and worker in one container, as the image's own user, the
# client in another.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prelude.sh

tag=podling:latest
name=podling-image-test-$$
task_image=podling-image-test:busybox
url=http://127.0.0.1:$(free_port)
socket=/var/run/docker.sock

scripts/image.sh "$tag"
scripts/busybox-image.sh "$task_image"

# shellcheck disable=SC2329 # called by the trap
clean_up() {
    docker rm --force "$name" >/dev/null 2>&1 || true
    remove_containers "podling.node=$name"
    docker image rm "$task_image" >/dev/null 2>&1 || true
}
trap clean_up EXIT

fail() {
    docker logs "$name" 2>&1 | tail -n 30 >&2
    die "$@"
}

say "starting a master and a worker from $tag"
docker run --detach --name "$name" --network host --health-interval 1s \
    --volume "$socket:$socket" --group-add "$(stat --format %g "$socket")" \
    "$tag" standalone --bind "${url#http://}" --port "$(free_port)" --node-id "$name" >/dev/null

is_healthy() { [ "$(docker inspect --format '{{.State.Health.Status}}' "$name")" = healthy ]; }
until_true 30 is_healthy || fail "the container did not become healthy"

say "running a task from it"
client() { docker run --rm --network host "$tag" --master "$url" "$@"; }
output=$(client run hello --image "$task_image" --follow -- sh -c 'echo it runs; exit 0') || fail "the task failed: $output"
grep -qx 'it runs' <<<"$output" || fail "the task's output is not in what was printed: $output"
client ps --all | grep -q 'completed' || fail "the task is not shown as completed" "$(client ps --all)"

docker stop --time 30 "$name" >/dev/null
code=$(docker inspect --format '{{.State.ExitCode}}' "$name")
[ "$code" = 0 ] || fail "SIGTERM: the exit code is $code, not 0"
[ "$(docker inspect --format '{{.Config.User}}' "$name")" != "" ] || fail "the image's user is root"
say "the image works"

#!/usr/bin/env bash
# Builds the container image: image.sh [TAG]       (BUILDER=IMAGE chooses the base image of the builder)
#
# Without BUILDER it takes the Dockerfile's own base image when it is here or can be pulled, else one made out of this
# machine's toolchain (builder-image.sh).
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prelude.sh

tag=${1:-podling:latest}
builder=${BUILDER:-}

if [ -z "$builder" ]; then
    builder=$(sed -n 's/^ARG BUILDER=//p' Dockerfile)
    if docker image inspect "$builder" >/dev/null 2>&1; then
        :
    elif can_reach registry-1.docker.io 443 && docker pull --quiet "$builder" >&2; then
        :
    else
        say "$builder is not here and cannot be pulled: building on this machine's own toolchain"
        builder=podling-builder:local
        scripts/builder-image.sh "$builder"
    fi
fi

arguments=(--build-arg "BUILDER=$builder")
arguments+=(--build-arg "COMMIT=$(git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)")
arguments+=(--build-arg "BUILD_DATE=$(TZ=UTC git log -1 --format=%cd --date=format-local:%FT%TZ 2>/dev/null || echo unknown)")
# A proxy of this machine is the build's too; docker takes the values from the environment.
for proxy in HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    if [ -n "${!proxy:-}" ]; then arguments+=(--build-arg "$proxy"); fi
done

say "building $tag on $builder (the first time some minutes: it compiles everything)"
# --network host: what this machine reaches, the build reaches too, through the same name servers.
# BuildKit where the docker command has it; the classic builder is in every engine, and Debian's has no other.
buildkit=1
docker buildx version >/dev/null 2>&1 || buildkit=0
export DOCKER_BUILDKIT=$buildkit
# The first stage keeps a name: it is the cache of the next build, and what it replaces can go.
docker build --network host --target build --tag podling-build:cache "${arguments[@]}" . >&2
docker build --network host --tag "$tag" "${arguments[@]}" . >&2
docker image prune --force --filter label=podling.stage=build >/dev/null
docker image inspect --format '{{.Size}}' "$tag" | awk -v tag="$tag" '{ printf "==> %s: %.1f MB\n", tag, $1 / 1e6 }' >&2

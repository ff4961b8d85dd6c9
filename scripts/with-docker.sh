#!/usr/bin/env bash
# Runs a command that needs the Docker Engine: with-docker.sh COMMAND ARG…
#
# Installs and starts an engine when there is none. Somebody who is not root may use it only as a member of the group
# `docker`: they are added to it (which is as good as root on this machine, so it is said), and the command runs with
# that group at once, without a new login.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=scripts/prelude.sh
. "$here/prelude.sh"

"$here/install-docker.sh"
# The docker command may have another engine in its context (rootless, Docker Desktop). podling and the tests go by
# DOCKER_HOST alone, so they are told.
if [ -z "${DOCKER_HOST:-}" ]; then
    context=$(docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null || true)
    case "$context" in
    '' | unix:///var/run/docker.sock) ;;
    *) export DOCKER_HOST=$context ;;
    esac
fi
if docker version >/dev/null 2>&1; then exec "$@"; fi

getent group docker >/dev/null || die "the Docker Engine runs, but $(id -un) may not use it" "Run this as root."
if ! id -nG "$(id -un)" | grep -qw docker; then
    say "adding $(id -un) to the group docker (its members are as good as root on this machine; undo: gpasswd -d $(id -un) docker)"
    as_root usermod -aG docker "$(id -un)"
fi
exec sg docker -c "$(printf '%q ' "$@")"
